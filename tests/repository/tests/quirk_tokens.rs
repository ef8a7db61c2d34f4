//! The quirks of tokens and of the lists they lead through, on the wire.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;

use granary_test_repository::Quirk;
use support::{
    End, HEADERS, RECORDS, ask, encode, error_code, items, onwards, texts, token, walk, with_quirk,
};

/// The token of the first page of headers.
async fn first_token(server: &granary_test_repository::Server) -> String {
    token(ask(server, HEADERS).await.text()).unwrap().text
}

/// The code with which the second page is refused, when its token is sent like this.
async fn second(server: &granary_test_repository::Server, encoded: &str) -> Option<String> {
    error_code(ask(server, &format!("verb=ListIdentifiers&resumptionToken={encoded}")).await.text())
}

#[tokio::test]
async fn empty_token_ends_every_list_without_attributes() {
    let server = with_quirk(Quirk::EmptyToken).await;
    for page in [
        walk(&server, HEADERS, 9).await.pop().unwrap(),
        walk(&server, &format!("{HEADERS}&until=2010-12-31"), 9).await.remove(0),
    ] {
        assert!(page.contains("<resumptionToken/>\n"), "{page}");
    }
}

#[tokio::test]
async fn blank_token_holds_white_space() {
    let server = with_quirk(Quirk::BlankToken).await;
    let pages = walk(&server, HEADERS, 9).await;
    assert_eq!(pages.len(), 3);
    assert_eq!(token(&pages[2]).unwrap().text, "\n   ");
}

#[tokio::test]
async fn empty_token_restarts_gives_the_first_page_again() {
    let server = with_quirk(Quirk::EmptyTokenRestarts).await;
    let again = ask(&server, "verb=ListIdentifiers&resumptionToken=").await;
    assert_eq!(items(&[again.text().to_owned()]), (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn page_repeats_with_the_token_that_led_to_it() {
    let server = with_quirk(Quirk::PageRepeats).await;
    let pages = walk(&server, HEADERS, 6).await;
    let tokens: BTreeSet<_> = pages.iter().map(|page| token(page).unwrap().text).collect();
    assert_eq!((pages.len(), tokens.len()), (6, 1));
    assert!(pages[1..].iter().all(|page| items(std::slice::from_ref(page)) == (11..=20).collect::<Vec<_>>()));
}

#[tokio::test]
async fn page_repeats_under_new_tokens_has_a_token_of_its_own_each_time() {
    let server = with_quirk(Quirk::PageRepeatsUnderNewTokens).await;
    let pages = walk(&server, HEADERS, 6).await;
    let tokens: BTreeSet<_> = pages.iter().map(|page| token(page).unwrap().text).collect();
    assert_eq!((pages.len(), tokens.len()), (6, 6));
    assert!(pages[1..].iter().all(|page| items(std::slice::from_ref(page)) == (11..=20).collect::<Vec<_>>()));
}

#[tokio::test]
async fn list_repeats_from_its_first_page() {
    let server = with_quirk(Quirk::ListRepeats).await;
    let pages = walk(&server, HEADERS, 7).await;
    assert_eq!(pages.len(), 7);
    assert_eq!(items(&pages[..3]), items(&pages[3..6]));
}

#[tokio::test]
async fn same_token_leads_through_the_whole_list() {
    let server = with_quirk(Quirk::SameToken).await;
    let pages = walk(&server, HEADERS, 9).await;
    assert_eq!(items(&pages), (1..=25).collect::<Vec<_>>());
    assert!(pages[..2].iter().all(|page| token(page).unwrap().text == "next"));
}

#[tokio::test]
async fn empty_pages_come_between_full_ones() {
    let server = with_quirk(Quirk::EmptyPages).await;
    let pages = walk(&server, HEADERS, 9).await;
    let sizes: Vec<_> = pages.iter().map(|page| items(std::slice::from_ref(page)).len()).collect();
    assert_eq!(sizes, [10, 0, 10, 0, 5]);
    assert!(pages.iter().all(|page| error_code(page).is_none()));
}

#[tokio::test]
async fn empty_pages_forever_follow_the_last_full_one() {
    let server = with_quirk(Quirk::EmptyPagesForever).await;
    let pages = walk(&server, HEADERS, 12).await;
    let tokens: BTreeSet<_> = pages.iter().map(|page| token(page).unwrap().text).collect();
    assert_eq!((pages.len(), tokens.len(), items(&pages).len()), (12, 12, 25));
    assert!(pages.iter().all(|page| error_code(page).is_none()));
}

#[tokio::test]
async fn token_expires_once_at_the_third_page() {
    let server = with_quirk(Quirk::TokenExpiresOnce).await;
    let pages = walk(&server, HEADERS, 9).await;
    assert_eq!(error_code(&pages[2]).as_deref(), Some("badResumptionToken"));
    assert_eq!(items(&walk(&server, HEADERS, 9).await).len(), 25);
}

#[tokio::test]
async fn tokens_expire_at_the_third_page_of_any_list() {
    let server = with_quirk(Quirk::TokensExpire).await;
    for _ in 0..2 {
        let pages = walk(&server, HEADERS, 9).await;
        assert_eq!(error_code(&pages[2]).as_deref(), Some("badResumptionToken"));
    }
    let half = walk(&server, &format!("{HEADERS}&until=2016-12-31"), 9).await;
    assert_eq!(token(&half[1]).unwrap().text, "", "a shorter list comes to its end");
}

#[tokio::test]
async fn ends_early_with_the_second_page_and_announces_more() {
    let server = with_quirk(Quirk::EndsEarly).await;
    let pages = walk(&server, HEADERS, 9).await;
    assert_eq!((pages.len(), items(&pages).len()), (2, 20));
    assert!(pages.iter().all(|page| token(page).unwrap().attribute("completeListSize") == Some("25")));
}

#[tokio::test]
async fn single_use_tokens_are_spent_by_an_answer_that_broke_off() {
    let server = with_quirk(Quirk::SingleUseTokens).await;
    let arguments = onwards("ListIdentifiers", &first_token(&server).await);
    let cut = ask(&server, &arguments).await;
    assert_eq!((cut.status, cut.body.len()), (200, cut.announced() / 2));
    let retry = ask(&server, &arguments).await;
    assert_eq!(error_code(retry.text()).as_deref(), Some("badResumptionToken"));
}

#[tokio::test]
async fn breaks_off_resets_ten_requests_and_then_goes_on() {
    let server = with_quirk(Quirk::BreaksOff).await;
    let mut ends = Vec::new();
    for _ in 0..16 {
        ends.push(ask(&server, HEADERS).await.end);
    }
    let reset: Vec<_> = (0..16).filter(|at| ends[*at] == End::Reset).collect();
    assert_eq!(reset, (4..14).collect::<Vec<_>>());
    assert_eq!(ask(&server, "verb=Identify").await.status, 200);
}

#[tokio::test]
async fn odd_token_is_understood_when_it_is_encoded_once_only() {
    let server = with_quirk(Quirk::OddToken).await;
    let token = first_token(&server).await;
    assert!(token.starts_with("a+b c&d%é=/"), "{token}");
    assert_eq!(second(&server, &encode(&token)).await, None);
    assert_eq!(second(&server, &encode(&token).replace("%20", "+")).await, None);
    assert_eq!(second(&server, &encode(&encode(&token))).await.as_deref(), Some("badResumptionToken"));
    assert_eq!(items(&walk(&server, HEADERS, 9).await).len(), 25);
}

#[tokio::test]
async fn plus_is_plus_and_no_space() {
    let server = with_quirk(Quirk::PlusIsPlus).await;
    let token = first_token(&server).await;
    assert!(token.contains(' ') && token.contains('+'), "{token}");
    assert_eq!(second(&server, &encode(&token)).await, None);
    let as_in_forms = encode(&token).replace("%20", "+");
    assert_eq!(second(&server, &as_in_forms).await.as_deref(), Some("badResumptionToken"));
}

#[tokio::test]
async fn encoded_token_is_encoded_once_more() {
    let server = with_quirk(Quirk::EncodedToken).await;
    let token = first_token(&server).await;
    assert!(token.contains("%26") && !token.contains('&'), "{token}");
    assert_eq!(second(&server, &encode(&token)).await, None);
    assert_eq!(second(&server, &token).await.as_deref(), Some("badResumptionToken"));
}

#[tokio::test]
async fn token_forgets_selection_from_the_second_page_on() {
    let server = with_quirk(Quirk::TokenForgetsSelection).await;
    // 14 items are of these years and of this type.
    let some = format!("{HEADERS}&until=2018-12-31&set=747970653D61727469636C65");
    let pages = walk(&server, &some, 9).await;
    assert_eq!(token(&pages[0]).unwrap().attribute("completeListSize"), Some("14"));
    let beyond = pages[1..].iter().flat_map(|page| texts(page, "datestamp"));
    assert_eq!(beyond.filter(|datestamp| datestamp.as_str() > "2018-12-31").count(), 4);
    assert!(items(&pages).contains(&18), "it is of another type");
}

#[tokio::test]
async fn prefix_with_token_is_demanded() {
    let server = with_quirk(Quirk::PrefixWithToken).await;
    let token = encode(&first_token(&server).await);
    assert_eq!(second(&server, &token).await.as_deref(), Some("badArgument"));
    assert_eq!(second(&server, &format!("{token}&metadataPrefix=oai_dc")).await, None);
}

#[tokio::test]
async fn no_records_on_token_of_the_last_page() {
    let server = with_quirk(Quirk::NoRecordsOnToken).await;
    let pages = walk(&server, HEADERS, 9).await;
    assert_eq!((pages.len(), items(&pages).len()), (4, 25));
    assert_eq!(error_code(&pages[3]).as_deref(), Some("noRecordsMatch"));
    let none = ask(&server, &format!("{HEADERS}&from=2999-01-01")).await;
    assert_eq!(error_code(none.text()).as_deref(), Some("noRecordsMatch"));
}

#[tokio::test]
async fn unknown_and_empty_error_codes_come_once_for_each_token() {
    for (quirk, code) in [(Quirk::UnknownErrorCode, "InternalException"), (Quirk::EmptyErrorCode, "")] {
        let server = with_quirk(quirk).await;
        let arguments = onwards("ListIdentifiers", &first_token(&server).await);
        let refused = ask(&server, &arguments).await;
        assert_eq!((refused.status, error_code(refused.text()).as_deref()), (200, Some(code)));
        let second = ask(&server, &arguments).await;
        assert_eq!(error_code(second.text()), None);
        let third = ask(&server, &onwards("ListIdentifiers", &token(second.text()).unwrap().text)).await;
        assert_eq!(error_code(third.text()).as_deref(), Some(code));
    }
}

#[tokio::test]
async fn error_inside_list_lies_in_the_element_of_the_verb() {
    let server = with_quirk(Quirk::ErrorInsideList).await;
    let first = ask(&server, RECORDS).await;
    let arguments = onwards("ListRecords", &token(first.text()).unwrap().text);
    let refused = ask(&server, &arguments).await;
    let names: Vec<_> = support::elements(refused.text()).into_iter().map(|it| it.name).collect();
    assert_eq!(names[names.len() - 2..], ["ListRecords", "error"]);
    assert!(refused.text().contains("</error>\n</ListRecords>"));
    assert_eq!(error_code(ask(&server, &arguments).await.text()), None);
}
