//! What to ask next: one list followed to its end. No clock and no I/O.

use serde::{Deserialize, Serialize};

use crate::{
    need::{Need, Needs},
    request::Request,
    step::{EMPTY_PAGES, Step, Trouble, Warning},
    summary::{Ending, PageSummary},
    types::{ErrorCode, Next, OaiError, Token},
};

/// One list request, followed from page to page. Can be kept as a checkpoint between any two pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    request: Request,
    /// The prefix that was asked for at first: some want it again beside each token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(default)]
    tokens: Tokens,
    #[serde(default)]
    dates: Dates,
    /// What the request in hand tries, after it was refused as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trying: Option<Need>,
    /// What was tried, and worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    found: Option<Need>,
    /// How often the page in hand was asked for again, and how often any was.
    #[serde(default)]
    again: u32,
    #[serde(default)]
    again_in_all: u32,
    pages: u64,
    seen: u64,
    empty_in_a_row: u32,
    /// A list that has come to its end and begins anew comes back to its first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    /// Brent's way to find a cycle in constant memory: a page is compared with the one before it, and with one that is
    /// replaced whenever the number of pages has doubled.
    last: Option<u64>,
    anchor: Option<u64>,
    next_anchor: u64,
    size: Size,
}

/// How tokens are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tokens {
    /// As they should be: the token excludes all other arguments (section 3.5).
    #[default]
    Alone,
    /// With the prefix beside them.
    WithPrefix,
}

impl Tokens {
    fn other(self) -> Self {
        match self {
            Self::Alone => Self::WithPrefix,
            Self::WithPrefix => Self::Alone,
        }
    }
}

/// Whether `from` and `until` may be left out where they are refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Dates {
    /// They may: they only save work.
    #[default]
    Dispensable,
    /// They may, and the repository was found to refuse them. They are tried all the same: one refusal is less to ask than a
    /// list of everything.
    Refused,
    /// They may not: nothing else is wanted.
    Needed,
}

/// What is known of the size of the whole list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    Unknown,
    Announced(u64),
    /// The repository says different things on different pages, or what cannot be.
    Unbelievable,
}

impl List {
    /// A list to be begun with `request`, of a repository that was found to need this.
    pub fn new(request: Request, needs: &Needs) -> Self {
        Self {
            prefix: request.argument("metadataPrefix").map(str::to_owned),
            request,
            tokens: match needs.contains(&Need::PrefixWithToken) {
                true => Tokens::WithPrefix,
                false => Tokens::Alone,
            },
            dates: match needs.contains(&Need::NoDates) {
                true => Dates::Refused,
                false => Dates::Dispensable,
            },
            trying: None,
            found: None,
            again: 0,
            again_in_all: 0,
            pages: 0,
            seen: 0,
            empty_in_a_row: 0,
            first: None,
            last: None,
            anchor: None,
            next_anchor: 1,
            size: Size::Unknown,
        }
    }

    /// Says that nothing is wanted but what lies within the dates asked for. Else the list is asked for without them where the
    /// repository refuses dates.
    pub fn need_dates(&mut self) {
        self.dates = Dates::Needed;
    }

    /// What to ask now.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// How many items have come.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How many pages have come.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// Whether no page had to be asked for again: what came has come once.
    pub fn is_straight(&self) -> bool {
        self.again_in_all == 0
    }

    /// What the repository was found to need since this was last asked; or not to need any more, if it is known to.
    pub fn take_found(&mut self) -> Option<Need> {
        self.found.take()
    }

    /// How many items the list has in all, where that is announced and can be.
    pub fn complete_list_size(&self) -> Option<u64> {
        match self.size {
            Size::Announced(size) => Some(size),
            Size::Unknown | Size::Unbelievable => None,
        }
    }

    /// Takes the answer to [`List::request`], and says what follows.
    pub fn answered(&mut self, page: &PageSummary) -> Step {
        // An error behind items says that the page is not what it should be; only "nothing matches" is contradicted by them.
        let contradicted = |error: &&OaiError| page.items > 0 && error.code == ErrorCode::NoRecordsMatch;
        if let Some(error) = page.error.as_ref().filter(|error| !contradicted(error)) {
            return self.error(error);
        }
        match page.ending {
            Ending::Whole => {}
            Ending::CutOff => return self.once_more(Trouble::CutOff),
            Ending::Unanswered => return Step::Trouble(Trouble::CutOff),
        }
        self.accepted();
        if page.items > 0
            && let Some(step) = self.repeats(page.fingerprint)
        {
            return step;
        }
        self.pages += 1;
        self.seen += page.items;
        self.note_size(page);
        match &page.next {
            // The only page of a list may be empty: it is the answer to a token that should not be.
            Next::End { .. } => {
                self.end((page.items == 0 && self.pages > 1).then_some(Warning::EndedByEmptyPage))
            }
            Next::More { token, .. } => {
                self.empty_in_a_row = if page.items == 0 { self.empty_in_a_row + 1 } else { 0 };
                if self.empty_in_a_row >= EMPTY_PAGES {
                    return self.end(Some(Warning::EndedByEmptyPages));
                }
                self.request = self.resumed(token);
                Step::Ask
            }
        }
    }

    fn resumed(&self, token: &Token) -> Request {
        let request = Request::resume(self.request.verb(), token);
        match (self.tokens, &self.prefix) {
            (Tokens::WithPrefix, Some(prefix)) => request.with("metadataPrefix", prefix),
            (Tokens::WithPrefix, None) | (Tokens::Alone, _) => request,
        }
    }

    /// The page was an answer, in whatever form it was asked for.
    fn accepted(&mut self) {
        self.again = 0;
        match self.trying.take() {
            Some(Need::NoDates) if self.dates == Dates::Refused => {}
            Some(need) => {
                self.found = Some(need);
                if need == Need::PrefixWithToken {
                    self.tokens = self.tokens.other();
                }
            }
            // It takes them now.
            None if self.dates == Dates::Refused && self.request.without_dates().is_some() => {
                self.found = Some(Need::NoDates);
                self.dates = Dates::Dispensable;
            }
            None => {}
        }
    }

    /// What may be a mishap is asked for once more.
    fn once_more(&mut self, trouble: Trouble) -> Step {
        self.again += 1;
        self.again_in_all += 1;
        if self.again > 1 { Step::Trouble(trouble) } else { Step::Again }
    }

    fn error(&mut self, error: &OaiError) -> Step {
        match &error.code {
            ErrorCode::NoRecordsMatch => {
                self.accepted();
                self.end((self.pages > 0).then_some(Warning::EndedByNoRecordsMatch))
            }
            ErrorCode::BadResumptionToken => Step::Trouble(Trouble::BadToken),
            ErrorCode::BadArgument => match self.other_form() {
                Some((request, need)) => {
                    self.request = request;
                    self.trying = Some(need);
                    self.again_in_all += 1;
                    Step::Again
                }
                // A token that the repository no longer understands is refused in other words by some.
                None if self.pages > 0 => Step::Trouble(Trouble::BadToken),
                None => Step::Trouble(Trouble::Refused(error.clone())),
            },
            ErrorCode::Unknown(_) => self.once_more(Trouble::Failed(error.clone())),
            ErrorCode::BadVerb
            | ErrorCode::CannotDisseminateFormat
            | ErrorCode::IdDoesNotExist
            | ErrorCode::NoMetadataFormats
            | ErrorCode::NoSetHierarchy => Step::Trouble(Trouble::Refused(error.clone())),
        }
    }

    /// The request in hand as some repositories want it, once: they call the right form a bad argument.
    fn other_form(&self) -> Option<(Request, Need)> {
        match self.request.argument("resumptionToken") {
            None => self.other_dates(),
            Some(_) if self.trying.is_some() => None,
            Some(_) => {
                let prefix = self.prefix.as_deref()?;
                let request = self.request.clone();
                let request = match self.tokens {
                    Tokens::Alone => request.with("metadataPrefix", prefix),
                    Tokens::WithPrefix => request.without("metadataPrefix"),
                };
                Some((request, Need::PrefixWithToken))
            }
        }
    }

    /// The request in hand with its dates in the other granularity; then without.
    fn other_dates(&self) -> Option<(Request, Need)> {
        match (self.trying, self.dates) {
            (None, Dates::Dispensable | Dates::Needed) => {
                let (request, granularity) = self.request.in_other_granularity()?;
                Some((request, Need::dates_in(granularity)))
            }
            (Some(_), Dates::Needed) => None,
            (Some(_), Dates::Dispensable) | (_, Dates::Refused) => {
                Some((self.request.without_dates()?, Need::NoDates))
            }
        }
    }

    /// What follows when the page has come before.
    fn repeats(&mut self, fingerprint: u64) -> Option<Step> {
        if self.first == Some(fingerprint) {
            return Some(match self.size {
                Size::Announced(size) if self.seen < size => Step::Trouble(Trouble::Loop),
                Size::Announced(size) if self.seen == size => {
                    Step::Done { warnings: vec![Warning::BeganAgain] }
                }
                Size::Announced(_) | Size::Unknown | Size::Unbelievable => {
                    Step::Trouble(Trouble::BeginsAgain)
                }
            });
        }
        if self.last == Some(fingerprint) || self.anchor == Some(fingerprint) {
            return Some(Step::Trouble(Trouble::Loop));
        }
        self.first.get_or_insert(fingerprint);
        self.last = Some(fingerprint);
        if self.pages + 1 >= self.next_anchor {
            self.anchor = Some(fingerprint);
            self.next_anchor = self.next_anchor.saturating_mul(2);
        }
        None
    }

    fn note_size(&mut self, page: &PageSummary) {
        let Some(size) = page.next.complete_list_size() else { return };
        // One that counts pages falls behind. As many as have come may be all, though a token leads on.
        let counts_the_page = matches!(page.next, Next::More { .. }) && size < self.seen;
        self.size = match self.size {
            _ if counts_the_page => Size::Unbelievable,
            Size::Unknown => Size::Announced(size),
            Size::Announced(known) if known == size => self.size,
            Size::Announced(_) | Size::Unbelievable => Size::Unbelievable,
        };
    }

    fn end(&self, warning: Option<Warning>) -> Step {
        let unbelievable = match self.size {
            Size::Announced(announced) if self.seen < announced => {
                return Step::Trouble(Trouble::Short { seen: self.seen, announced });
            }
            Size::Unbelievable => Some(Warning::UnbelievableSize),
            Size::Announced(_) | Size::Unknown => None,
        };
        Step::Done { warnings: unbelievable.into_iter().chain(warning).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{request::Selection, types::Token};

    fn list() -> List {
        needing([])
    }

    fn needing<const N: usize>(needs: [Need; N]) -> List {
        let until = Some("2020-02-03T04:05:06Z".parse().unwrap());
        let selection = Selection { metadata_prefix: "oai_dc".to_owned(), until, ..Selection::default() };
        List::new(Request::list_records(selection), &needs.into())
    }

    fn asks(list: &List) -> String {
        let url = list.request().url(&"http://x/".parse().unwrap());
        url.query().unwrap().trim_start_matches("verb=ListRecords&").to_owned()
    }

    /// A page of `items` items that looks like `fingerprint`, with a token (or the end) and an announced size.
    fn page(items: u64, fingerprint: u64, token: &str, size: Option<u64>) -> PageSummary {
        let next = match Token::new(token) {
            Some(token) => Next::More { token, complete_list_size: size, cursor: None, expires: None },
            None => Next::End { complete_list_size: size, cursor: None },
        };
        PageSummary { items, fingerprint, next, error: None, ending: Ending::Whole }
    }

    fn error(code: &str) -> PageSummary {
        let error = OaiError { code: ErrorCode::parse(code), text: String::new() };
        PageSummary { error: Some(error), ..page(0, 0, "", None) }
    }

    const DONE: Step = Step::Done { warnings: Vec::new() };

    #[test]
    fn a_list_goes_on_by_its_tokens_and_ends_with_an_empty_one() {
        let mut list = list();
        assert_eq!(list.answered(&page(100, 1, "a", None)), Step::Ask);
        assert_eq!(asks(&list), "resumptionToken=a");
        assert_eq!(list.answered(&page(100, 2, "b", None)), Step::Ask);
        assert_eq!(list.answered(&page(7, 3, "  ", None)), DONE);
        assert_eq!((list.seen(), list.pages()), (207, 3));
    }

    #[test]
    fn an_empty_page_behind_a_token_is_the_end_and_odd_and_an_empty_list_is_neither() {
        let mut list = list();
        assert_eq!(list.answered(&page(100, 1, "a", None)), Step::Ask);
        assert_eq!(
            list.answered(&page(0, 9, "", None)),
            Step::Done { warnings: vec![Warning::EndedByEmptyPage] }
        );
        assert_eq!(self::list().answered(&page(0, 9, "", None)), DONE);
    }

    #[test]
    fn the_same_token_again_is_no_loop_as_long_as_the_pages_differ() {
        let mut list = list();
        for fingerprint in 1..50 {
            assert_eq!(list.answered(&page(10, fingerprint, "same", None)), Step::Ask);
        }
        assert_eq!(list.answered(&page(10, 50, "", None)), DONE);
    }

    #[test]
    fn the_same_page_again_is_a_loop_whatever_its_token() {
        let mut list = list();
        assert_eq!(list.answered(&page(10, 1, "a", None)), Step::Ask);
        assert_eq!(list.answered(&page(10, 2, "b", None)), Step::Ask);
        assert_eq!(list.answered(&page(10, 2, "c", None)), Step::Trouble(Trouble::Loop));
    }

    #[test]
    fn a_list_that_begins_again_is_whole_when_as_many_came_as_were_announced() {
        let check = |size: Option<u64>, expected: Step| {
            let mut list = list();
            assert_eq!(list.answered(&page(10, 1, "a", size)), Step::Ask);
            assert_eq!(list.answered(&page(10, 2, "b", size)), Step::Ask);
            assert_eq!(list.answered(&page(10, 1, "a", size)), expected, "{size:?}");
        };
        check(Some(20), Step::Done { warnings: vec![Warning::BeganAgain] });
        check(Some(21), Step::Trouble(Trouble::Loop));
        check(Some(19), Step::Trouble(Trouble::BeginsAgain));
        check(None, Step::Trouble(Trouble::BeginsAgain));
    }

    #[test]
    fn a_cycle_of_any_length_is_found() {
        for (lead, cycle) in [(0, 2), (3, 5), (10, 7), (1, 100)] {
            let mut list = list();
            let found = (0..2000u64).position(|n| {
                let fingerprint = if n < lead { 1000 + n } else { (n - lead) % cycle };
                list.answered(&page(10, fingerprint, &n.to_string(), None)) != Step::Ask
            });
            assert!(found.is_some_and(|pages| pages < 500), "{lead} {cycle}: {found:?}");
        }
    }

    #[test]
    fn some_empty_pages_are_borne_and_many_are_the_end() {
        let check = |size: Option<u64>, expected: Step| {
            let mut list = list();
            assert_eq!(list.answered(&page(7, 1, "first", size)), Step::Ask);
            for n in 1..EMPTY_PAGES {
                assert_eq!(list.answered(&page(0, 9, &n.to_string(), size)), Step::Ask);
            }
            assert_eq!(list.answered(&page(0, 9, "x", size)), expected);
        };
        check(None, Step::Done { warnings: vec![Warning::EndedByEmptyPages] });
        check(Some(8), Step::Trouble(Trouble::Short { seen: 7, announced: 8 }));
    }

    #[test]
    fn a_page_that_is_cut_off_or_fails_in_unknown_words_is_asked_for_once_more() {
        let mut list = list();
        list.answered(&page(10, 1, "a", None));
        let torn = PageSummary { ending: Ending::CutOff, ..page(5, 2, "", None) };
        assert_eq!((list.answered(&torn), asks(&list)), (Step::Again, "resumptionToken=a".to_owned()));
        assert_eq!(list.answered(&page(10, 2, "b", None)), Step::Ask);
        assert_eq!(list.answered(&error("InternalException")), Step::Again);
        assert_eq!(list.answered(&torn), Step::Trouble(Trouble::CutOff));
        assert_eq!((list.seen(), list.is_straight()), (20, false));
        let unanswered = PageSummary { ending: Ending::Unanswered, ..torn };
        assert_eq!(
            needing([]).answered(&unanswered),
            Step::Trouble(Trouble::CutOff),
            "it was asked for again"
        );
    }

    #[test]
    fn a_token_that_is_no_good_alone_is_tried_with_the_prefix_and_that_is_kept() {
        let mut list = list();
        list.answered(&page(10, 1, "a", None));
        assert_eq!(list.answered(&error("badArgument")), Step::Again);
        assert_eq!(asks(&list), "resumptionToken=a&metadataPrefix=oai_dc");
        assert_eq!(list.take_found(), None);
        assert_eq!(list.answered(&page(10, 2, "b", None)), Step::Ask);
        assert_eq!([list.take_found(), list.take_found()], [Some(Need::PrefixWithToken), None]);
        assert_eq!(asks(&list), "resumptionToken=b&metadataPrefix=oai_dc");

        let mut list = needing([Need::PrefixWithToken]);
        list.answered(&page(10, 1, "a", None));
        assert_eq!(asks(&list), "resumptionToken=a&metadataPrefix=oai_dc");
        assert_eq!(list.answered(&error("badArgument")), Step::Again);
        assert_eq!(asks(&list), "resumptionToken=a", "it may have been mended since");
        assert_eq!(list.clone().answered(&error("badArgument")), Step::Trouble(Trouble::BadToken));
        assert_eq!(list.answered(&page(10, 2, "b", None)), Step::Ask);
        assert_eq!(
            (list.take_found(), asks(&list).as_str()),
            (Some(Need::PrefixWithToken), "resumptionToken=b")
        );
    }

    #[test]
    fn dates_that_are_refused_are_tried_in_the_other_granularity_once() {
        let mut list = list();
        assert_eq!(asks(&list), "metadataPrefix=oai_dc&until=2020-02-03T04%3A05%3A06Z");
        assert_eq!(list.answered(&error("badArgument")), Step::Again);
        assert_eq!(asks(&list), "metadataPrefix=oai_dc&until=2020-02-03");
        let mut refuses_both = list.clone();
        assert_eq!(list.answered(&error("noRecordsMatch")), DONE);
        assert_eq!(list.take_found(), Some(Need::Days));
        assert_eq!(refuses_both.answered(&error("badArgument")), Step::Again);
        assert_eq!(asks(&refuses_both), "metadataPrefix=oai_dc", "and then left out");
        let mut refuses_all = refuses_both.clone();
        assert!(matches!(refuses_all.answered(&error("badArgument")), Step::Trouble(Trouble::Refused(_))));
        assert_eq!(refuses_all.take_found(), None);
        assert_eq!(refuses_both.answered(&page(10, 1, "", None)), DONE);
        assert_eq!(refuses_both.take_found(), Some(Need::NoDates));
    }

    #[test]
    fn dates_that_are_known_to_be_refused_are_tried_once_for_they_may_be_taken_now() {
        let mut list = needing([Need::NoDates]);
        assert_eq!(asks(&list), "metadataPrefix=oai_dc&until=2020-02-03T04%3A05%3A06Z");
        let mut taken = list.clone();
        assert_eq!(taken.answered(&page(10, 1, "", None)), DONE);
        assert_eq!(taken.take_found(), Some(Need::NoDates), "which is then needed no more");
        assert_eq!(list.answered(&error("badArgument")), Step::Again);
        assert_eq!(asks(&list), "metadataPrefix=oai_dc");
        assert_eq!(list.answered(&page(10, 1, "", None)), DONE);
        assert_eq!(list.take_found(), None, "that was known");
    }

    #[test]
    fn dates_that_are_wanted_are_not_left_out() {
        let mut list = list();
        list.need_dates();
        assert_eq!(list.answered(&error("badArgument")), Step::Again);
        assert_eq!(asks(&list), "metadataPrefix=oai_dc&until=2020-02-03");
        assert!(matches!(list.answered(&error("badArgument")), Step::Trouble(Trouble::Refused(_))));
    }

    #[test]
    fn no_records_match_is_an_empty_list_at_first_and_an_end_later() {
        assert_eq!(list().answered(&error("noRecordsMatch")), DONE);
        let mut list = list();
        list.answered(&page(10, 1, "a", None));
        let warnings = vec![Warning::EndedByNoRecordsMatch];
        assert_eq!(list.answered(&error("noRecordsMatch")), Step::Done { warnings });
    }

    #[test]
    fn a_bad_token_is_never_the_end() {
        let mut list = list();
        list.answered(&page(10, 1, "a", None));
        assert_eq!(list.answered(&error("badResumptionToken")), Step::Trouble(Trouble::BadToken));
        assert_eq!(list.answered(&error("badArgument")), Step::Again);
        assert_eq!(list.answered(&error("badArgument")), Step::Trouble(Trouble::BadToken));
    }

    #[test]
    fn what_a_repository_refuses_is_told_from_what_it_fails_at() {
        assert!(matches!(list().answered(&error("noSetHierarchy")), Step::Trouble(Trouble::Refused(_))));
        for code in ["InternalException", ""] {
            let mut list = list();
            assert_eq!(list.answered(&error(code)), Step::Again);
            assert!(matches!(list.answered(&error(code)), Step::Trouble(Trouble::Failed(_))));
        }
    }

    #[test]
    fn a_list_shorter_than_announced_is_not_whole() {
        let mut list = list();
        assert_eq!(list.answered(&page(100, 1, "a", Some(500))), Step::Ask);
        assert_eq!(list.complete_list_size(), Some(500));
        let short = Trouble::Short { seen: 150, announced: 500 };
        assert_eq!(list.answered(&page(50, 2, "", Some(500))), Step::Trouble(short));
    }

    #[test]
    fn a_size_that_counts_pages_or_changes_is_not_believed() {
        let mut counts_page = list();
        assert_eq!(counts_page.answered(&page(100, 1, "a", Some(100))), Step::Ask);
        assert_eq!(counts_page.answered(&page(100, 2, "b", Some(100))), Step::Ask);
        let warnings = vec![Warning::UnbelievableSize];
        assert_eq!(
            counts_page.answered(&page(50, 3, "", Some(50))),
            Step::Done { warnings: warnings.clone() }
        );
        let mut changes = list();
        changes.answered(&page(100, 1, "a", Some(900)));
        assert_eq!(changes.answered(&page(100, 2, "", Some(800))), Step::Done { warnings });
    }

    #[test]
    fn a_list_survives_a_checkpoint_between_any_two_pages() {
        let mut list = list();
        list.answered(&page(10, 1, "a", Some(20)));
        let mut restored: List = serde_json::from_str(&serde_json::to_string(&list).unwrap()).unwrap();
        assert_eq!(restored, list);
        assert_eq!(restored.answered(&page(10, 2, "", Some(20))), DONE);
    }
}
