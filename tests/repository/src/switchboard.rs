//! Which faults are on.

use std::sync::{Mutex, MutexGuard};

use axum::http::Method;

use crate::{fault::Fault, glob::Glob, oai};

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// Until it is mended.
    Always,
    /// The first so many requests.
    First(u32),
}

/// The faults that are on, in the order in which they were set.
#[derive(Debug, Default)]
pub(crate) struct Switchboard(Mutex<Vec<Armed>>);

#[derive(Debug)]
struct Armed {
    pattern: Glob,
    fault: Fault,
    times: Times,
}

impl Switchboard {
    pub(crate) fn set(&self, pattern: &str, fault: Fault, times: Times) {
        self.armed().push(Armed { pattern: Glob::new(pattern), fault, times });
    }

    /// All faults off.
    pub(crate) fn mend(&self) {
        self.armed().clear();
    }

    /// The fault that strikes this request: the first one set that fits and is not used up. Counts it as used.
    pub(crate) fn strike(&self, method: &Method, path: &str, query: &str) -> Option<Fault> {
        let whole = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let mut armed = self.armed();
        let place = armed.iter().position(|it| it.fits(method, path, query, &whole))?;
        let fault = armed[place].fault.clone();
        match &mut armed[place].times {
            Times::Always => {}
            Times::First(left) => {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    armed.remove(place);
                }
            }
        }
        Some(fault)
    }

    fn armed(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.0.lock().expect("no holder of the switchboard panics")
    }
}

impl Armed {
    fn concerns(&self, method: &Method, query: &str, whole: &str) -> bool {
        match &self.fault {
            Fault::BadToken => oai::is_token_request(query),
            Fault::EndlessList => {
                query.contains("verb=ListRecords") || query.contains("verb=ListIdentifiers")
            }
            Fault::PostOnly => *method != Method::POST,
            Fault::LongUrl { most } => *method != Method::POST && whole.len() > *most,
            _ => true,
        }
    }

    fn fits(&self, method: &Method, path: &str, query: &str, whole: &str) -> bool {
        self.concerns(method, query, whole) && (self.pattern.matches(path) || self.pattern.matches(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_strike_in_the_order_in_which_they_were_set() {
        let board = Switchboard::default();
        board.set("/a", Fault::Gone, Times::First(2));
        board.set("/a", Fault::Empty, Times::First(1));
        board.set("/*", Fault::Json, Times::Always);
        let struck: Vec<_> = (0..5).map(|_| board.strike(&Method::GET, "/a", "").unwrap()).collect();
        assert_eq!(struck, [Fault::Gone, Fault::Gone, Fault::Empty, Fault::Json, Fault::Json]);
        board.mend();
        assert_eq!(board.strike(&Method::GET, "/a", ""), None);
    }

    #[test]
    fn a_pattern_fits_the_path_or_the_path_with_its_query() {
        let board = Switchboard::default();
        board.set("/oai?*ListSets*", Fault::Gone, Times::Always);
        board.set("/o", Fault::Empty, Times::Always);
        assert_eq!(board.strike(&Method::GET, "/oai", "verb=ListSets"), Some(Fault::Gone));
        assert_eq!(board.strike(&Method::GET, "/oai", "verb=Identify"), None);
        assert_eq!(board.strike(&Method::GET, "/o", "verb=Identify"), Some(Fault::Empty));
    }

    #[test]
    fn a_bad_token_waits_for_a_token() {
        let board = Switchboard::default();
        board.set("*", Fault::BadToken, Times::First(1));
        assert_eq!(board.strike(&Method::GET, "/oai", "verb=ListRecords&metadataPrefix=oai_dc"), None);
        assert_eq!(
            board.strike(&Method::GET, "/oai", "verb=ListRecords&resumptionToken=x"),
            Some(Fault::BadToken)
        );
        assert_eq!(board.strike(&Method::GET, "/oai", "verb=ListRecords&resumptionToken=x"), None);
    }
}
