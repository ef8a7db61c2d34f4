//! JATS: the links of an article that are files.

use crate::common::{find_in, landing_page, lines};
use granary_finders::{Found, Method};

fn find(meta: &str, body: &str) -> Found {
    find_in(&format!(
        "<article xmlns:xlink='http://www.w3.org/1999/xlink'><front><article-meta>{meta}</article-meta></front>\
         <body>{body}</body></article>"
    ))
}

#[test]
fn the_article_elsewhere_is_a_pdf_or_the_landing_page() {
    for (attributes, files, page) in [
        ("content-type='pdf' xlink:href='http://x.org/download/1'", vec!["open - - application/pdf 1"], None),
        (
            "content-type='application/pdf' xlink:href='http://x.org/2'",
            vec!["open - - application/pdf 2"],
            None,
        ),
        ("content-type='text/html' xlink:href='http://x.org/7'", vec![], Some("http://x.org/7")),
        ("xlink:href='http://x.org/a.pdf'", vec!["open - - - a.pdf"], None),
        ("xlink:href='http://x.org/7'", vec![], Some("http://x.org/7")),
        ("content-type='epub' xlink:href='http://x.org/3'", vec!["open - - - 3"], None),
    ] {
        let found = find(&format!("<self-uri {attributes}/>"), "");
        assert_eq!(found.method, Some(Method::Jats), "{attributes}");
        assert_eq!(
            (lines(&found), landing_page(&found)),
            (files.iter().map(ToString::to_string).collect(), page),
            "{attributes}"
        );
    }
}

#[test]
fn figures_and_supplements_are_files() {
    let found = find(
        "<self-uri content-type='pdf' xlink:href='http://x.org/a.pdf'/>",
        "<sec><fig><graphic xlink:href='http://x.org/f1.jpg' mimetype='image' mime-subtype='jpeg'/></fig></sec>\
         <supplementary-material xlink:href='http://x.org/s1' xlink:title='data.csv'/><supplementary-material>\
         <media xlink:href='http://x.org/m.mp4'/></supplementary-material><ext-link xlink:href='http://y.org/no.pdf'/>",
    );
    assert_eq!(
        lines(&found),
        [
            "open - - application/pdf a.pdf",
            "open - - image/jpeg f1.jpg",
            "open - - - data.csv",
            "open - - - m.mp4"
        ]
    );
}

#[test]
fn the_name_of_a_file_in_the_publishers_package_is_no_link() {
    let found = find(
        "<self-uri content-type='pdf' xlink:href='main.pdf'/>",
        "<graphic xlink:href='1471-2105-1-g1'/>",
    );
    assert_eq!((found.files.len(), found.problems), (0, vec![]));
}

#[test]
fn other_articles_are_not_jats() {
    for xml in ["<article/>", "<article><title/><para/></article>", "<article><info/></article>"] {
        assert_eq!(find_in(xml).method, None, "{xml}");
    }
}
