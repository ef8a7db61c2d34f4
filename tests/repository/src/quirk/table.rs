//! The table of quirks.

use super::{
    Hook::{
        Appearance, Arguments, Decoding, Document, Ending, Gate, Identify, Page, Record, Response, Selection,
        Set, TokenText,
    },
    document, gate,
    hook::Hook,
    page, record, request, response, selection,
};

macro_rules! quirks {
    ($($quirk:ident, $number:literal, $name:literal, $description:literal, [$($hook:expr),* $(,)?];)*) => {
        /// Something that real repositories break. Its number is that of the trouble: several quirks may be forms of one.
        ///
        /// Quirks can be switched on together; each changes what the ones before it in this list have left.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Quirk {
            $(#[doc = concat!($number, ", `", $name, "`: ", $description)] $quirk,)*
        }

        impl Quirk {
            /// Every quirk, by number.
            pub const ALL: &'static [Self] = &[$(Self::$quirk),*];

            /// The number of the trouble, from 1 to 45.
            #[must_use]
            pub fn number(self) -> u8 {
                match self { $(Self::$quirk => $number,)* }
            }

            /// The name at `/_repository/quirk` and after `--quirk`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$quirk => $name,)* }
            }

            /// What it does, in a sentence.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(Self::$quirk => $description,)* }
            }

            pub(super) fn hooks(self) -> &'static [Hook] {
                match self { $(Self::$quirk => const { &[$($hook),*] },)* }
            }
        }
    };
}

// "The third page" is any page that begins two pages or more into its list. Requests, answers and lists are counted from
// the moment at which the quirk is switched on.
quirks! {
    EmptyToken, 1, "empty-token",
        "Every list ends with an empty token without attributes, one of a single page too.",
        [Page(page::empty_token)];
    BlankToken, 1, "blank-token",
        "Every list ends with a token that holds white space only.",
        [Page(page::blank_token)];
    EmptyTokenRestarts, 1, "empty-token-restarts",
        "Lists end with an empty token, and a request with an empty token gets the first page again.",
        [Page(page::empty_token), Arguments(request::restart_on_empty_token)];
    PageRepeats, 2, "page-repeats",
        "From the second page on, each page ends with the very token that led to it, so it comes again for ever.",
        [Page(page::repeat)];
    PageRepeatsUnderNewTokens, 2, "page-repeats-under-new-tokens",
        "The second page comes again for ever, under a new token each time.",
        [Page(page::repeat_under_new_token)];
    ListRepeats, 2, "list-repeats",
        "The last page has a token that leads to the first one again.",
        [Page(page::restart_at_end)];
    SameToken, 3, "same-token",
        "Every page has the same token, and the server remembers how far the list went.",
        [TokenText { write: request::keep_token, read: request::kept_token }];
    EmptyPages, 4, "empty-pages",
        "A page without records, but with a token, comes between any two pages.",
        [Page(page::empty_between)];
    EmptyPagesForever, 4, "empty-pages-forever",
        "After the last page come pages without records, each with a new token, for ever.",
        [Page(page::empty_for_ever)];
    TokenExpiresOnce, 5, "token-expires-once",
        "The first request for the third page of a list is refused with badResumptionToken.",
        [Arguments(request::third_page_expires_once)];
    TokensExpire, 5, "tokens-expire",
        "Each request for the third page of a list is refused with badResumptionToken.",
        [Arguments(request::third_page_expires)];
    EndsEarly, 5, "ends-early",
        "The second page of a list is the last one, whatever completeListSize announces.",
        [Page(page::end_with_the_second)];
    SingleUseTokens, 6, "single-use-tokens",
        "A token is good for one request, and the answer to the first one breaks off in the middle.",
        [Arguments(request::single_use), Response(response::first_token_page_is_cut)];
    BreaksOff, 7, "breaks-off",
        "After four requests for lists the next ten are reset, and then the list can be continued.",
        [Gate(gate::breaks_off)];
    OddToken, 8, "odd-token",
        "Tokens hold a plus sign, a space, an ampersand, a percent sign and a letter beyond ASCII.",
        [TokenText { write: request::odd_token, read: request::from_odd_token }];
    PlusIsPlus, 8, "plus-is-plus",
        "Tokens hold spaces and plus signs, and in a query a space must be written %20, since a plus sign means itself.",
        [
            Decoding(request::decode_strictly),
            TokenText { write: request::spaced_token, read: request::from_spaced_token },
        ];
    EncodedToken, 8, "encoded-token",
        "Tokens are percent-encoded already, and must be encoded once more like any other text.",
        [TokenText { write: request::encode_token, read: request::decode_token }];
    TokenForgetsSelection, 9, "token-forgets-selection",
        "From the second page on a list forgets from, until and set.",
        [Page(page::forget_selection)];
    PrefixWithToken, 10, "prefix-with-token",
        "A token without metadataPrefix beside it is refused with badArgument.",
        [Arguments(request::demand_prefix)];
    SecondsRefused, 11, "seconds-refused",
        "Identify promises seconds, and from and until in seconds are refused with badArgument.",
        [Arguments(request::refuse_seconds)];
    DaysRefused, 11, "days-refused",
        "From and until in days are refused with badArgument.",
        [Arguments(request::refuse_days)];
    SameDayChanges, 12, "same-day-changes",
        "Datestamps are days, and the last item changes again today whenever a list has ended.",
        [
            Ending(selection::change_last),
            Record(record::whole_days),
            Identify(record::grant_days),
            Arguments(request::refuse_seconds),
        ];
    Unordered, 13, "unordered",
        "Lists go in no order of datestamps.",
        [Selection(selection::shuffle)];
    Backdated, 14, "backdated",
        "Items 3, 8, 13 and so on appear only after a list has ended, with datestamps that are long past.",
        [Appearance(selection::hide_until_listed)];
    UntilIgnored, 15, "until-ignored",
        "Until has no effect.",
        [Selection(selection::ignore_until)];
    UntilImplied, 15, "until-implied",
        "A list without until ends a year after its from, or a year after the earliest datestamp.",
        [Selection(selection::imply_until)];
    DatesRefused, 15, "dates-refused",
        "From and until are refused with badArgument, whatever their form.",
        [Arguments(request::refuse_all_dates)];
    NoRecordsIs422, 16, "no-records-is-422",
        "The error noRecordsMatch comes with HTTP status 422.",
        [Response(response::no_records_is_422)];
    NoRecordsOnToken, 17, "no-records-on-token",
        "The last page has a token too, and that one is answered with noRecordsMatch.",
        [Page(page::no_records_at_end)];
    ControlCharacters, 18, "control-characters",
        "Titles hold U+0003 and U+001A as they are, in items 3, 8, 13 and so on.",
        [Record(record::control_characters)];
    ControlReferences, 18, "control-references",
        "Titles hold &#3; and &#x1A;, in items 3, 8, 13 and so on.",
        [Record(record::control_references)];
    NonCharacters, 18, "non-characters",
        "Titles hold U+FFFE and U+FFFF, in items 3, 8, 13 and so on.",
        [Record(record::non_characters)];
    SurrogatePairs, 19, "surrogate-pairs",
        "Titles hold &#55349;&#56396;, which is one character in two references, in items 3, 8, 13 and so on.",
        [Record(record::surrogate_pair)];
    LoneSurrogates, 19, "lone-surrogates",
        "Titles hold &#55349; alone, half of a character, in items 3, 8, 13 and so on.",
        [Record(record::lone_surrogate)];
    InvalidUtf8, 20, "invalid-utf8",
        "Titles hold the byte E9, which is no UTF-8, in items 3, 8, 13 and so on.",
        [Record(record::placeholder), Document(document::invalid_utf8)];
    Windows1252, 20, "windows-1252",
        "Everything is in windows-1252, and declared as UTF-8.",
        [Record(record::curly_quote), Document(document::windows_1252)];
    WrongDeclaration, 20, "wrong-declaration",
        "The XML declaration says ISO-8859-1, and the bytes are UTF-8.",
        [Document(document::declare_latin1)];
    NoticesAfterRoot, 21, "notices-after-root",
        "A notice of PHP, in HTML, follows the end of the root element.",
        [Document(document::notice)];
    PageCutOff, 22, "page-cut-off",
        "A list ends in the middle of the record of item 8, and the connection as if that were all.",
        [Document(document::cut_off)];
    PageTornOff, 22, "page-torn-off",
        "The connection breaks in the middle of the first answer to each request for a list.",
        [Response(response::first_answer_is_cut)];
    HugePages, 23, "huge-pages",
        "The first record of each page has an about container of eleven million letters in one piece of text.",
        [Document(document::huge)];
    HtmlPage, 24, "html-page",
        "The third page of a list is an HTML page, with status 200.",
        [Response(response::third_page_is_html)];
    WafChallenge, 25, "waf-challenge",
        "Every answer is empty, with status 202 and the header x-amzn-waf-action: challenge.",
        [Gate(gate::waf_challenge)];
    CloudflareChallenge, 25, "cloudflare-challenge",
        "Every answer is 403 with an HTML page and the header cf-mitigated: challenge.",
        [Gate(gate::cloudflare_challenge)];
    BlockedForADay, 26, "blocked-for-a-day",
        "From the third request on, every answer is 429 with Retry-After: 86400.",
        [Gate(gate::blocked_for_a_day)];
    RateLimit, 26, "rate-limit",
        "Every fourth request is answered by 429 with Retry-After: 1.",
        [Gate(gate::rate_limit)];
    RetryAfterDate, 26, "retry-after-date",
        "Every fourth request is answered by 503 with a Retry-After that is a date, two seconds ahead.",
        [Gate(gate::retry_after_date)];
    Overloaded, 27, "overloaded",
        "The first two requests for anything are answered by 503 without Retry-After.",
        [Gate(gate::overloaded)];
    RobotsRefused, 28, "robots-refused",
        "A User-Agent that names no address to complain to, neither a URL nor an e-mail address, gets 403.",
        [Gate(gate::robots_refused)];
    BrowsersOnly, 28, "browsers-only",
        "A User-Agent that does not begin with Mozilla/ gets 403.",
        [Gate(gate::browsers_only)];
    ResetsOnce, 29, "resets-once",
        "The first request for anything ends with a reset of the connection.",
        [Gate(gate::resets_once)];
    HangsOnce, 29, "hangs-once",
        "The first request with a token is never answered, and its connection stays open.",
        [Gate(gate::hangs_once)];
    BadRecord, 30, "bad-record",
        "Each page of records that holds item 8, and GetRecord of it, is a 500 with an HTML page.",
        [Response(response::bad_record)];
    DeepPagingLimit, 31, "deep-paging-limit",
        "The third page of a list, and what follows, is a 504 with an HTML page.",
        [Response(response::third_page_times_out)];
    UnknownErrorCode, 32, "unknown-error-code",
        "The first request with each token is answered by the error InternalException, with status 200.",
        [Arguments(request::unknown_code_once)];
    EmptyErrorCode, 32, "empty-error-code",
        "The first request with each token is answered by an error whose code is empty, with status 200.",
        [Arguments(request::empty_code_once)];
    ErrorInsideList, 32, "error-inside-list",
        "The first request with each token is answered by an error that lies inside the element of the verb.",
        [Arguments(request::unknown_code_once), Document(document::error_inside_list)];
    SilentDeletions, 33, "silent-deletions",
        "Deleted items are in no list, GetRecord knows nothing of them, and Identify says no to deletions.",
        [Appearance(selection::hide_deleted), Identify(record::promise_no_deletions)];
    VanishingItems, 33, "vanishing-items",
        "Items 3, 8, 13 and so on vanish unannounced when a list has ended.",
        [Appearance(selection::hide_once_listed)];
    UnlistedItems, 33, "unlisted-items",
        "Items 3, 8, 13 and so on are left out of lists, though counted in their size, and GetRecord has them.",
        [Page(page::leave_out)];
    IdentifiersReused, 34, "identifiers-reused",
        "When a list has ended, the identifier of item 3 is given to another work.",
        [Ending(selection::reuse_identifier)];
    MostlyDeleted, 35, "mostly-deleted",
        "Of ten items nine are deleted, and have always been.",
        [Appearance(selection::delete_nine_in_ten)];
    ListedPerSet, 36, "listed-per-set",
        "An item is listed once for each of its sets, each time with only that setSpec.",
        [Page(page::once_per_set)];
    OddSets, 37, "odd-sets",
        "A setSpec holds a space, a slash, a plus sign, a percent sign and an ampersand, and so does its name.",
        [Arguments(request::plain_set), Record(record::odd_sets), Set(record::odd_set)];
    IdentifierMissing, 38, "identifier-missing",
        "The headers of items 3, 8, 13 and so on have no identifier.",
        [Record(record::without_identifier)];
    DatestampMissing, 38, "datestamp-missing",
        "The headers of items 3, 8, 13 and so on have no datestamp.",
        [Record(record::without_datestamp)];
    MetadataMissing, 38, "metadata-missing",
        "The records of items 3, 8, 13 and so on have no metadata, and are not deleted.",
        [Record(record::without_metadata)];
    DeclarationInRecord, 39, "declaration-in-record",
        "An XML declaration stands inside the metadata of each record.",
        [Record(record::declaration)];
    Moved, 40, "moved",
        "The endpoint has moved: 301 to /new/oai2, with the query.",
        [Gate(gate::moved), Identify(record::new_base_url)];
    MovedWithoutQuery, 40, "moved-without-query",
        "The endpoint has moved: 301 to /new/oai2, and the client must bring the query itself.",
        [Gate(gate::moved_without_query), Identify(record::new_base_url)];
    ToHttps, 40, "to-https",
        "HTTP is redirected to HTTPS, at the same port, with a certificate that is signed by itself.",
        [Gate(gate::to_https), Identify(record::https_base_url)];
    BaseUrlDiffers, 40, "base-url-differs",
        "Identify names a base URL at which there is nothing.",
        [Identify(record::wrong_base_url)];
    GzipLie, 41, "gzip-lie",
        "Answers to clients that take gzip are said to be gzip and are not.",
        [Response(response::gzip_lie)];
    GzipUnannounced, 41, "gzip-unannounced",
        "Answers are gzip, whatever the client takes, and do not say so.",
        [Response(response::gzip_unannounced)];
    GzipBroken, 41, "gzip-broken",
        "Answers to clients that take gzip are gzip that ends in the middle.",
        [Response(response::gzip_broken)];
    AcceptEncodingBreaks, 41, "accept-encoding-breaks",
        "A request whose Accept-Encoding asks for anything but identity gets 500.",
        [Gate(gate::accept_encoding_breaks)];
    DownAtFirst, 42, "down-at-first",
        "The first twenty requests get 500, enough for a harvest to fail, and then all is well.",
        [Gate(gate::down_at_first)];
    NamelessError, 43, "nameless-error",
        "Each page of records that holds item 8 is an error, and its text does not tell which record it is about.",
        [Page(page::nameless_error)];
    SelfSignedTls, 44, "self-signed-tls",
        "HTTPS at the same port, with a certificate that is signed by itself.",
        [];
    ExpiredTls, 44, "expired-tls",
        "HTTPS at the same port, with a certificate that is signed by itself and ended in 2020.",
        [];
    SecondRepository, 45, "second-repository",
        "At /other/cgi/oai2 is another repository, with the same identifiers for other works.",
        [];
}

/// There is no quirk of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no quirk {0}")]
pub struct UnknownQuirk(String);

impl std::str::FromStr for Quirk {
    type Err = UnknownQuirk;

    fn from_str(name: &str) -> Result<Self, UnknownQuirk> {
        let found = Self::ALL.iter().find(|quirk| quirk.name() == name);
        found.copied().ok_or_else(|| UnknownQuirk(name.to_owned()))
    }
}

impl std::fmt::Display for Quirk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
