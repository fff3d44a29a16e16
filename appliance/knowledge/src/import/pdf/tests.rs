use super::*;

/// A PDF written by hand: objects 1 to n, the first of which is the catalogue.
pub(in crate::import) fn pdf(objects: &[String]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).bytes());
    }
    let start = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    bytes.extend(offsets.iter().flat_map(|offset| format!("{offset:010} 00000 n \n").into_bytes()));
    bytes
        .extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).bytes());
    bytes
}

/// A PDF whose pages show these contents.
pub(in crate::import) fn with_pages(contents: &[&str]) -> Vec<u8> {
    with_resources(contents, "/Font << /F1 3 0 R >>", &[])
}

fn with_resources(contents: &[&str], resources: &str, more: &[String]) -> Vec<u8> {
    let first = 4 + more.len();
    let kids: Vec<String> = (0..contents.len()).map(|page| format!("{} 0 R", first + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} /MediaBox [0 0 595 842] >>", kids.join(" "), kids.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    objects.extend_from_slice(more);
    for (page, content) in contents.iter().enumerate() {
        let number = first + 2 * page + 1;
        objects.push(format!("<< /Type /Page /Parent 2 0 R /Resources << {resources} >> /Contents {number} 0 R >>"));
        objects.push(stream("", content));
    }
    pdf(&objects)
}

fn stream(dictionary: &str, content: &str) -> String {
    format!("<< /Length {} {dictionary} >>\nstream\n{content}\nendstream", content.len())
}

fn show(lines: &[&str]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("({line}) Tj 0 -30 Td")).collect();
    format!("BT /F1 12 Tf 72 720 Td {} ET", lines.join(" "))
}

#[test]
fn the_text_of_every_page_is_taken() {
    let found =
        read(&with_pages(&[&show(&["Urban planning", "Apply at the town hall."]), &show(&["Pay the fee."])])).unwrap();
    assert_eq!(found.title.as_deref(), Some("Urban planning"));
    assert_eq!(found.body, "Apply at the town hall.\n\nPay the fee.");
}

#[test]
fn a_page_without_text_is_refused_as_a_scan_with_its_number() {
    let refused = read(&with_pages(&[&show(&["Text."]), "0 0 m 10 10 l S"])).unwrap_err();
    assert!(matches!(refused, Refusal::NoText { page: 2 }), "{refused}");
    assert!(refused.to_string().contains("OCR"));
}

#[test]
fn damaged_files_are_refused() {
    let whole = with_pages(&[&show(&["Text."])]);
    for bytes in [&b"no PDF"[..], b"%PDF-1.4\n", &whole[..whole.len() / 2], &pdf(&["<< /Type /Catalog >>".to_owned()])]
    {
        let refused = super::super::bounded::read("PDF", bytes, read).unwrap_err();
        assert!(matches!(refused, Refusal::Damaged { kind: "PDF", .. }), "{refused}");
    }
}

#[test]
fn a_drawing_that_draws_itself_is_refused_instead_of_ending_the_program() {
    let own = stream("/Type /XObject /Subtype /Form /Resources << /XObject << /X 4 0 R >> >>", "/X Do");
    let borrowed = stream("/Type /XObject /Subtype /Form", "/X Do");
    for form in [own, borrowed] {
        let bytes = with_resources(&["/X Do"], "/XObject << /X 4 0 R >>", &[form]);
        assert!(matches!(read(&bytes), Err(Refusal::Damaged { .. })));
    }
}

#[test]
fn a_page_that_is_its_own_parent_is_refused() {
    let text = String::from_utf8(with_pages(&[&show(&["Text."])])).unwrap();
    let refused = read(text.replace("/Parent 2 0 R", "/Parent 4 0 R").as_bytes());
    assert!(matches!(refused, Err(Refusal::Damaged { .. })), "{refused:?}");
}

#[test]
fn packed_data_that_would_fill_the_memory_is_refused() {
    use std::io::Write;

    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![b' '; 1 << 20];
    (0..257).for_each(|_| packer.write_all(&block).unwrap());
    let packed = packer.finish().unwrap();
    let mut bytes = b"%PDF-1.4\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n".to_vec();
    bytes.extend(packed);
    assert!(matches!(read(&bytes), Err(Refusal::TooLargeUnpacked { limit_mib: 256 })));
}
