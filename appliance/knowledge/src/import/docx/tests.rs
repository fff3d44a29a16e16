use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

/// A document with these parts.
pub(in crate::import) fn document(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A document whose body is this.
pub(in crate::import) fn with_body(body: &str) -> Vec<u8> {
    let document_xml = format!("<w:document><w:body>{body}</w:body></w:document>");
    document(&[("word/document.xml", &document_xml), ("word/styles.xml", STYLES), ("word/numbering.xml", NUMBERING)])
}

const STYLES: &str = r#"<w:styles><w:style w:type="paragraph" w:styleId="Titlu1"><w:name w:val="heading 1"/></w:style>
    <w:style w:styleId="Titlu2"><w:name w:val="Heading 2"/></w:style>
    <w:style w:styleId="Capitol"><w:name w:val="Capitol"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style></w:styles>"#;

const NUMBERING: &str = r#"<w:numbering><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl>
    <w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
    <w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num></w:numbering>"#;

fn paragraph(properties: &str, text: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

fn item(level: u8, text: &str) -> String {
    let properties = format!(r#"<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="3"/></w:numPr>"#);
    paragraph(&properties, text)
}

#[test]
fn headings_lists_and_tables_keep_their_meaning() {
    let body = [
        paragraph(r#"<w:pStyle w:val="Titlu1"/>"#, "Certificat de urbanism"),
        paragraph("", "Se cere la primărie &amp; se plătește &#x219;i o taxă."),
        paragraph(r#"<w:pStyle w:val="Titlu2"/>"#, "Pași"),
        item(0, "Completați cererea"),
        item(1, "cu pix"),
        item(0, "Plătiți"),
        paragraph(r#"<w:pStyle w:val="Capitol"/>"#, "Taxe"),
        format!(
            "<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>",
            paragraph("", "Suprafață"),
            paragraph("", "Taxă"),
            paragraph("", "150 m²"),
            paragraph("", "6 lei")
        ),
    ]
    .concat();
    let found = read(&with_body(&body)).unwrap();
    assert_eq!(found.title.as_deref(), Some("Certificat de urbanism"));
    assert_eq!(
        found.body,
        "Se cere la primărie & se plătește și o taxă.\n\n## Pași\n\n1. Completați cererea\n   - cu pix\n2. Plătiți\n\n\
         ### Taxe\n\n- Suprafață: 150 m²; Taxă: 6 lei"
    );
}

#[test]
fn what_is_written_twice_or_deleted_is_taken_once_or_not() {
    let body = "<w:p><mc:AlternateContent><mc:Choice><w:t>Nou</w:t></mc:Choice><mc:Fallback><w:t>Vechi</w:t></mc:Fallback>\
        </mc:AlternateContent><w:del><w:r><w:delText>șters</w:delText></w:r></w:del></w:p>";
    assert_eq!(read(&with_body(body)).unwrap().body, "Nou");
}

#[test]
fn a_small_archive_that_unpacks_to_a_huge_document_is_refused() {
    let huge = " ".repeat((MAX_PART_BYTES + 1) as usize);
    let refused = read(&document(&[("word/document.xml", &huge)])).unwrap_err();
    assert!(matches!(refused, Refusal::TooLargeUnpacked { limit_mib: 64 }), "{refused}");
}

#[test]
fn what_is_no_document_is_refused_with_its_reason() {
    for bytes in [
        &b"text"[..],
        &COMPOUND_FILE,
        &document(&[("other.xml", "<a/>")]),
        &document(&[("word/document.xml", "<a></b>")]),
    ] {
        let refused = read(bytes).unwrap_err();
        assert!(matches!(refused, Refusal::Damaged { kind: "DOCX", .. }), "{refused}");
    }
}
