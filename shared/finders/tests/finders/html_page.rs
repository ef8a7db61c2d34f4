//! Landing pages in HTML, however broken, and addresses that are no pages.

use crate::common::{lines, page, urls};
use granary_finders::{Method, PageFound};

fn html(body: &str) -> PageFound {
    page("text/html; charset=utf-8", &[], body)
}

/// The URLs of the files that a page names.
fn files(body: &str) -> Vec<String> {
    urls(&html(body).found).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_pdf_is_named_by_any_of_the_meta_tags() {
    for tag in [
        "<meta name=\"citation_pdf_url\" content=\"http://x.org/a.pdf\">",
        "<META NAME='Citation_PDF_URL' CONTENT=' /a.pdf ' />",
        "<meta content=/a.pdf name=bepress_citation_pdf_url>",
        "<meta name='wkhealth_pdf_url' content='/a.pdf'/>",
        "<meta property='citation_pdf_url' content='../a.pdf'>",
        "<link rel='alternate' type='application/pdf' href='/a.pdf'>",
    ] {
        let read = html(tag);
        assert_eq!(read.found.method, Some(Method::HtmlMeta), "{tag}");
        assert_eq!(
            (lines(&read.found), read.found.problems),
            (vec!["open - - application/pdf a.pdf".to_owned()], vec![]),
            "{tag}"
        );
    }
}

#[test]
fn eprints_names_every_document_and_those_that_are_pdf_again() {
    let read = html(
        "<meta name='eprints.document_url' content='http://x.org/7/1/a.pdf'/>\
         <meta name='eprints.document_url' content='http://x.org/7/2/b.zip'/>\
         <meta name='citation_pdf_url' content='http://x.org/7/1/a.pdf'/>",
    );
    assert_eq!(lines(&read.found), ["open - - application/pdf a.pdf", "open - - - b.zip"]);
}

#[test]
fn another_form_of_the_article_counts_only_without_a_pdf() {
    let (pdf, xml, full) = (
        "<meta name='citation_pdf_url' content='/a.pdf'>",
        "<meta name='citation_xml_url' content='/a.xml'>",
        "<meta name='citation_fulltext_html_url' content='/a.html'>",
    );
    assert_eq!(files(&format!("{full}{xml}{pdf}")), ["http://x.org/a.pdf"]);
    assert_eq!(files(&format!("{full}{xml}")), ["http://x.org/a.xml"]);
    assert_eq!(lines(&html(full).found), ["open - - text/html a.html"]);
}

#[test]
fn urls_are_resolved_against_the_base_wherever_it_stands() {
    let tag = "<meta name=citation_pdf_url content=a.pdf>";
    assert_eq!(files(tag), ["http://x.org/7/a.pdf"]);
    assert_eq!(files(&format!("<base href='http://y.org/b/'>{tag}")), ["http://y.org/b/a.pdf"]);
    assert_eq!(
        files(&format!("{tag}<base target=_top><base href='/c/'><base href='/d/'>")),
        ["http://x.org/c/a.pdf"]
    );
    assert_eq!(files(&format!("<base href='data:,'>{tag}")), ["http://x.org/7/a.pdf"]);
}

#[test]
fn broken_html_is_read_as_far_as_it_goes() {
    let tag = "<meta name='citation_pdf_url' content='/a.pdf'>";
    for page in [
        format!("<<p <b></ <!doctype <?php ?>{tag}"),
        format!("<p a='<' b=\">\"{tag}<p>{tag}"),
        format!("<div =x '' \"\" / {tag}>{tag}"),
        format!("</p>&nbsp;<é>{tag}"),
        format!("<title>a < b</title>{tag}"),
        "<meta name='citation_pdf_url' content='/a.pdf'".to_owned(),
        "<meta\nname=citation_pdf_url\ncontent='/a.pdf'\n/\n>".to_owned(),
        "<meta name = citation_pdf_url content = '/a.pdf' content='/b.pdf'>".to_owned(),
    ] {
        assert_eq!(files(&page), ["http://x.org/a.pdf"], "{page}");
    }
}

#[test]
fn text_is_no_tag() {
    let tag = "<meta name='citation_pdf_url' content='/a.pdf'>";
    for page in [
        format!("<!-- {tag} -->"),
        format!("<!-- {tag}"),
        format!("<script>document.write(\"{tag}\")</script>"),
        format!("<SCRIPT>{tag}</Style></script"),
        format!("<style>{tag}"),
        format!("<title>{tag}</title>"),
        format!("<textarea>{tag}</textarea>"),
        format!("<a title=\"{tag}\">"),
        "<meta name='citation_pdf_url'><meta content='/a.pdf'><meta name=citation_pdf_url content=' '>"
            .to_owned(),
        "<metadata name='citation_pdf_url' content='/a.pdf'>".to_owned(),
    ] {
        assert_eq!(files(&page), [""; 0], "{page}");
    }
    assert_eq!(files(&format!("<script>if (a</b/) '</script >'</script>{tag}")), ["http://x.org/a.pdf"]);
}

#[test]
fn a_page_is_read_in_its_encoding() {
    let latin = b"<meta charset=iso-8859-1><link rel=item href=1 title='\xe9.pdf'>";
    let url = "http://x.org/7/".parse().unwrap();
    let name = |content_type, body| {
        let page = granary_finders::Page { url: &url, content_type, link_headers: &[], body };
        granary_finders::read_page(&page).found.files[0].name.clone()
    };
    assert_eq!(name(Some("text/html"), latin.as_slice()), "é.pdf");
    assert_eq!(name(None, latin.as_slice()), "é.pdf");
    assert_eq!(
        name(Some("text/html; charset=iso-8859-1"), &latin["<meta charset=iso-8859-1>".len()..]),
        "é.pdf"
    );
    assert_eq!(name(Some("text/html"), "<link rel=item href=1 title='é.pdf'>".as_bytes()), "é.pdf");
}

#[test]
fn only_the_first_megabyte_is_looked_at() {
    let tag = "<meta name='citation_pdf_url' content='/a.pdf'>";
    let at = |offset: usize| files(&format!("{}{tag}", " ".repeat(offset))).len();
    assert_eq!((at((1 << 20) - tag.len()), at(1 << 20)), (1, 0));
}

#[test]
fn a_page_is_not_its_own_file() {
    assert_eq!(files("<meta name='citation_pdf_url' content='http://x.org/7/#pdf'>"), [""; 0]);
    assert_eq!(files("<link rel=item href=''><link rel=item href='.'>"), [""; 0]);
}

#[test]
fn only_links_of_http_count() {
    let read = html("<meta name='citation_pdf_url' content='ftp://x.org/a.pdf'>");
    assert_eq!(read.found.files, []);
    assert_eq!(read.found.problems, ["a file's URL is not one of http or https: \"ftp://x.org/a.pdf\""]);
}

#[test]
fn an_address_that_answers_with_a_file_is_the_file() {
    let url = "http://x.org/download/7".parse().unwrap();
    let read = |content_type, body: &[u8]| {
        let page = granary_finders::Page { url: &url, content_type, link_headers: &[], body };
        granary_finders::read_page(&page).found
    };
    for (content_type, body, expected) in [
        (Some("application/pdf"), b"".as_slice(), vec!["open - - application/pdf 7"]),
        (Some("Application/Octet-Stream"), b"", vec!["open - - Application/Octet-Stream 7"]),
        (None, b"%PDF-1.4", vec!["open - - - 7"]),
        (None, b"<html>", vec![]),
        (Some("text/plain"), b"", vec![]),
        (Some("application/ld+json"), b"", vec![]),
        (Some("garbage"), b"", vec![]),
    ] {
        let found = read(content_type, body);
        assert_eq!(lines(&found), expected, "{content_type:?}");
        assert!(found.files.iter().all(|file| file.found_by == Method::LandingPage));
    }
}
