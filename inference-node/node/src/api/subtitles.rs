//! Transcripts as subtitles: SubRip (`srt`) and WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format").

use std::fmt::Write;

use engines::tasks::Segment;

/// SubRip.
pub(super) fn srt(segments: &[Segment]) -> String {
    let mut text = String::new();
    for (index, segment) in segments.iter().enumerate() {
        let (start, end) = (time(segment.start, ','), time(segment.end, ','));
        // Writing to a string cannot fail.
        let _ = write!(text, "{}\n{start} --> {end}\n{}\n\n", index + 1, one_line(&segment.text));
    }
    text
}

/// WebVTT.
pub(super) fn vtt(segments: &[Segment]) -> String {
    let mut text = String::from("WEBVTT\n\n");
    for segment in segments {
        let (start, end) = (time(segment.start, '.'), time(segment.end, '.'));
        let line = one_line(&segment.text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = write!(text, "{start} --> {end}\n{line}\n\n");
    }
    text
}

/// An empty line would end the subtitle, and an arrow would be a time.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("-->", "→")
}

/// `00:01:02,345`.
fn time(seconds: f64, mark: char) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times of a recording, from 0")]
    let milliseconds = (seconds.max(0.0) * 1000.0).round() as u64;
    let (seconds, milliseconds) = (milliseconds / 1000, milliseconds % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!("{:02}:{:02}:{seconds:02}{mark}{milliseconds:03}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments() -> Vec<Segment> {
        let segment = |start, end, text: &str| Segment { start, end, text: text.to_owned(), ..Segment::default() };
        vec![segment(0.0, 1.5, "Bună ziua."), segment(3661.0456, 3662.0, "a <b> --> c\n\nd")]
    }

    #[test]
    fn subrip_counts_from_one_and_writes_milliseconds_after_a_comma() {
        let expected =
            "1\n00:00:00,000 --> 00:00:01,500\nBună ziua.\n\n2\n01:01:01,046 --> 01:01:02,000\na <b> → c d\n\n";
        assert_eq!(srt(&segments()), expected);
    }

    #[test]
    fn webvtt_escapes_what_would_be_markup() {
        let expected = "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nBună ziua.\n\n01:01:01.046 --> 01:01:02.000\na &lt;b&gt; → c d\n\n";
        assert_eq!(vtt(&segments()), expected);
    }
}
