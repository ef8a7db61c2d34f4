use granary_finders::{Next, Page, read_page};
use url::Url;

use crate::finders::{check_found, is_http};

/// Checks the reading of landing pages and of link sets on these bytes, which are like an answer of HTTP: lines of
/// `Content-Type` and `Link` up to one that is empty, then the body. Without such a line, all is body.
///
/// What a page names keeps the promises of metadata. What is to be fetched next is http or https, is not the page itself,
/// and is not much.
pub fn landing(data: &[u8]) {
    let url = Url::parse("http://x.org/a/7?b#c").expect("it is a URL");
    let answer = Answer::of(data);
    let Answer { content_type, link_headers, body } = &answer;
    let read = read_page(&Page { url: &url, content_type: *content_type, link_headers, body });
    check_found(&read.found);
    assert!(read.next.len() <= 8, "{:?}", read.next);
    for (at, next) in read.next.iter().enumerate() {
        let (Next::Linkset(to) | Next::Metadata(to)) = next;
        assert!(is_http(to) && *to != url, "{next:?}");
        assert!(!read.next[..at].contains(next), "{next:?} is there twice");
    }
}

struct Answer<'a> {
    content_type: Option<&'a str>,
    link_headers: Vec<&'a str>,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    fn of(data: &'a [u8]) -> Self {
        let blank = data.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = match blank.and_then(|at| Some((std::str::from_utf8(&data[..at]).ok()?, at))) {
            Some((head, at)) => (head, &data[at + 2..]),
            None => ("", data),
        };
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        let called = |wanted: &'static str| {
            headers.clone().filter(move |(name, _)| *name == wanted).map(|(_, value)| value)
        };
        Self { content_type: called("Content-Type").next(), link_headers: called("Link").collect(), body }
    }
}
