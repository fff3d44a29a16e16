//! Reports as a picture: goodput by policy, and the times to the first token. Written by hand: two simple charts need no
//! library.

use std::fmt::Write as _;

use crate::report::Report;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const CHART_WIDTH: f64 = 340.0;
const CHART_HEIGHT: f64 = 260.0;
/// Paul Tol's bright scheme, told apart also by the colour-blind.
const COLOURS: [&str; 7] = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb"];
/// The range of the logarithmic axis, as powers of ten of milliseconds.
const DECADES: (f64, f64) = (1.0, 6.0);

/// One SVG with both charts; `class` names the class whose times are drawn.
#[must_use]
pub fn svg(reports: &[Report], class: &str) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    bars(&mut svg, reports);
    curves(&mut svg, reports, class);
    svg.push_str("</svg>\n");
    svg
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    // Writing to a string does not fail.
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>");
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(svg, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>");
}

fn colour(at: usize) -> &'static str {
    COLOURS[at % COLOURS.len()]
}

fn bars(svg: &mut String, reports: &[Report]) {
    text(svg, LEFT, TOP - 15.0, "start", "weighted goodput");
    let each = CHART_WIDTH / f64::from(u32::try_from(reports.len().max(1)).unwrap_or(u32::MAX));
    for step in 0..=4_u32 {
        let y = TOP + CHART_HEIGHT * (1.0 - f64::from(step) / 4.0);
        line(svg, (LEFT, y), (LEFT + CHART_WIDTH, y), "#dddddd");
        text(svg, LEFT - 6.0, y + 4.0, "end", &format!("{} %", step * 25));
    }
    let mut x = LEFT;
    for (at, report) in reports.iter().enumerate() {
        let height = CHART_HEIGHT * report.goodput.weighted.clamp(0.0, 1.0);
        let y = TOP + CHART_HEIGHT - height;
        let _ = writeln!(
            svg,
            "<rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{}\"/>",
            x + each * 0.15,
            each * 0.7,
            colour(at)
        );
        text(svg, x + each / 2.0, y - 4.0, "middle", &format!("{:.1}", report.goodput.weighted * 100.0));
        x += each;
    }
    // The legend of both charts.
    let mut x = LEFT;
    for (at, report) in reports.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"10\" height=\"10\" fill=\"{}\"/>",
            HEIGHT - 30.0,
            colour(at)
        );
        text(svg, x + 14.0, HEIGHT - 21.0, "start", &report.policy);
        x += 115.0;
    }
}

fn curves(svg: &mut String, reports: &[Report], class: &str) {
    let left = LEFT + CHART_WIDTH + 100.0;
    let bottom = TOP + CHART_HEIGHT;
    text(svg, left, TOP - 15.0, "start", &format!("{class}: share answered within, by time to first token"));
    let x_of = |ms: f64| {
        let part = (ms.max(1.0).log10() - DECADES.0) / (DECADES.1 - DECADES.0);
        left + CHART_WIDTH * part.clamp(0.0, 1.0)
    };
    for (ms, label) in [(10.0, "10 ms"), (100.0, "100 ms"), (1e3, "1 s"), (1e4, "10 s"), (1e5, "100 s"), (1e6, "")] {
        line(svg, (x_of(ms), TOP), (x_of(ms), bottom), "#dddddd");
        text(svg, x_of(ms), bottom + 16.0, "middle", label);
    }
    for (at, report) in reports.iter().enumerate() {
        let (Some(times), Some(counts)) = (report.ttft_ms.get(class), report.classes.get(class)) else { continue };
        // Of all that came: what was rejected never arrives at the top.
        let answered = crate::report::part(counts.finished, counts.requests);
        let mut points = String::new();
        for (percent, ms) in (0_u32..).zip(&times.curve) {
            let y = bottom - CHART_HEIGHT * answered * f64::from(percent) / 100.0;
            let _ = write!(points, "{:.1},{y:.1} ", x_of(*ms));
        }
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
            points.trim_end(),
            colour(at)
        );
    }
}
