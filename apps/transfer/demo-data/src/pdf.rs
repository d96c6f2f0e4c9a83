//! Letters as PDF, as a hospital's system prints them, and scans of any size.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str};

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
/// Bytes of one scanned page: grey, one byte for a point of 1240 by 1754 (A4 at 150 dpi).
const SCAN: (u32, u32) = (1240, 1754);

/// A letter: title, lines of text, several pages when they do not fit one.
#[must_use]
pub fn letter(title: &str, lines: &[String]) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (catalog, pages, font, bold) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
    let chunks: Vec<&[String]> = match lines {
        [] => vec![&[]],
        lines => lines.chunks(46).collect(),
    };
    let ids: Vec<(Ref, Ref)> = (5_i32..)
        .step_by(2)
        .zip(&chunks)
        .map(|(id, _)| (Ref::new(id), Ref::new(id.saturating_add(1))))
        .collect();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages)
        .kids(ids.iter().map(|(page, _)| *page))
        .count(i32::try_from(ids.len()).unwrap_or(i32::MAX));
    for (number, ((page, content), text)) in ids.iter().zip(&chunks).enumerate() {
        let mut sheet = pdf.page(*page);
        sheet.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1));
        sheet.parent(pages).contents(*content);
        let mut resources = sheet.resources();
        resources
            .fonts()
            .pair(Name(b"F"), font)
            .pair(Name(b"B"), bold);
        resources.finish();
        sheet.finish();
        let mut draw = Content::new();
        draw.begin_text().set_font(Name(b"B"), 15.0);
        draw.next_line(56.0, 780.0).show(Str(&latin(title)));
        draw.set_font(Name(b"F"), 10.5).set_leading(15.0);
        draw.next_line(0.0, -30.0);
        for line in *text {
            draw.show(Str(&latin(line))).next_line_using_leading();
        }
        draw.end_text();
        draw.begin_text().set_font(Name(b"F"), 8.0);
        let foot = format!("TEST - {} / {}", number.saturating_add(1), ids.len());
        draw.next_line(56.0, 40.0).show(Str(&latin(&foot)));
        draw.end_text();
        pdf.stream(*content, &draw.finish());
    }
    for (id, base) in [(font, b"Helvetica".as_slice()), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(id)
            .base_font(Name(base))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.finish()
}

/// A scanned file of about `size` bytes: pages of grey noise that no compression makes smaller.
#[must_use]
pub fn scan(size: usize, rng: &mut dyn rand_core::Rng) -> Vec<u8> {
    let mut pdf = Pdf::with_capacity(size.saturating_add(1 << 20));
    let (catalog, pages) = (Ref::new(1), Ref::new(2));
    let points = usize::try_from(SCAN.0.saturating_mul(SCAN.1)).unwrap_or(usize::MAX);
    let count = size.div_ceil(points).max(1);
    let ids: Vec<[Ref; 3]> = (3_i32..)
        .step_by(3)
        .take(count)
        .map(|id| [0, 1, 2].map(|step| Ref::new(id.saturating_add(step))))
        .collect();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages)
        .kids(ids.iter().map(|[page, ..]| *page))
        .count(i32::try_from(count).unwrap_or(i32::MAX));
    let mut grey = vec![0; points];
    for [page, content, picture] in ids {
        let mut sheet = pdf.page(page);
        sheet.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1));
        sheet.parent(pages).contents(content);
        let mut resources = sheet.resources();
        resources.x_objects().pair(Name(b"I"), picture);
        resources.finish();
        sheet.finish();
        let mut draw = Content::new();
        draw.transform([PAGE.0, 0.0, 0.0, PAGE.1, 0.0, 0.0]);
        draw.x_object(Name(b"I"));
        pdf.stream(content, &draw.finish());
        rng.fill_bytes(&mut grey);
        // Paper is nearly white.
        for point in &mut grey {
            *point |= 0xC0;
        }
        let mut image = pdf.image_xobject(picture, &grey);
        image.width(i32::try_from(SCAN.0).unwrap_or(i32::MAX));
        image.height(i32::try_from(SCAN.1).unwrap_or(i32::MAX));
        image.color_space().device_gray();
        image.bits_per_component(8);
    }
    pdf.finish()
}

/// Windows-1252, which both languages fit in.
fn latin(text: &str) -> Vec<u8> {
    text.chars()
        .map(|letter| match letter {
            '€' => 0x80,
            '‘' => 0x91,
            '’' => 0x92,
            '„' => 0x84,
            '“' => 0x93,
            '”' => 0x94,
            '–' => 0x96,
            '—' => 0x97,
            'œ' => 0x9C,
            'Œ' => 0x8C,
            other => u8::try_from(u32::from(other)).unwrap_or(b'?'),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn a_letter_has_as_many_pages_as_it_needs() {
        let lines: Vec<String> = (0..100)
            .map(|line| format!("Zeile {line}: Größe"))
            .collect();
        let pdf = letter("Arztbrief", &lines);
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
        let text = String::from_utf8_lossy(&pdf);
        assert_eq!(text.matches("/MediaBox").count(), 3);
        assert!(text.contains("/Count 3"));
        // What is not ASCII is written in hexadecimal digits.
        assert!(text.to_uppercase().contains("4772F6DF65"), "{text:.600}");
    }

    #[test]
    fn a_scan_is_as_long_as_it_was_asked_to_be() {
        let pdf = scan(5 << 20, &mut ChaCha20Rng::seed_from_u64(1));
        assert!((5 << 20..8 << 20).contains(&pdf.len()), "{}", pdf.len());
    }

    #[test]
    fn letters_of_both_languages_are_written() {
        assert_eq!(latin("é–œ≠"), [0xE9, 0x96, 0x9C, b'?']);
    }
}
