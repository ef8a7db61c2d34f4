//! Who may see a file, and from when: the words and dates with which formats say it.

use chrono::{Months, NaiveDate};

use crate::Availability;

/// The access that a vocabulary's term grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Open,
    Embargoed,
    Restricted,
    MetadataOnly,
}

/// The terms, in lower case, without what stands before the last `/`: the COAR Access Rights vocabulary
/// (`http://purl.org/coar/access_right/c_…`), its labels, `info:eu-repo/semantics/…`,
/// `http://purl.org/eprint/accessRights/…`, and the words of DSpace's access status.
const TERMS: &[(&str, Access)] = &[
    ("c_abf2", Access::Open),
    ("c_f1cf", Access::Embargoed),
    ("c_16ec", Access::Restricted),
    ("c_14cb", Access::MetadataOnly),
    ("open access", Access::Open),
    ("embargoed access", Access::Embargoed),
    ("restricted access", Access::Restricted),
    ("metadata only access", Access::MetadataOnly),
    ("openaccess", Access::Open),
    ("embargoedaccess", Access::Embargoed),
    ("restrictedaccess", Access::Restricted),
    ("closedaccess", Access::Restricted),
    ("open.access", Access::Open),
    ("embargo", Access::Embargoed),
    ("restricted", Access::Restricted),
    ("metadata.only", Access::MetadataOnly),
];

impl Access {
    /// The access that a term grants; `None`: the term is in no vocabulary known here.
    pub(crate) fn of(term: &str) -> Option<Self> {
        let word = term.trim().rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        TERMS.iter().find(|(known, _)| *known == word).map(|&(_, access)| access)
    }

    /// What that means today, when a date is (or is not) said from which the file is open. An embargo without a date
    /// restricts, and one that is over is open.
    pub(crate) fn on(self, today: NaiveDate, from: Option<NaiveDate>) -> Availability {
        let restricted = |security: &str| Availability::Restricted { security: security.to_owned() };
        match self {
            Self::Open => Availability::Open,
            Self::Embargoed => from.map_or_else(|| restricted("embargoed access"), |from| until(today, from)),
            Self::Restricted => restricted("restricted access"),
            Self::MetadataOnly => restricted("metadata only access"),
        }
    }
}

/// Embargoed until a date, or open when that is over.
pub(crate) fn until(today: NaiveDate, date: NaiveDate) -> Availability {
    if date > today { Availability::Embargoed { until: date } } else { Availability::Open }
}

/// The day that a date names, `YYYY-MM-DD`, or the last one of its `YYYY-MM` or `YYYY`. A time after it is ignored.
pub(crate) fn last_day(date: &str) -> Option<NaiveDate> {
    let date = date.trim().split(['T', ' ']).next()?;
    let mut parts = date.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let Some(month) = parts.next() else { return NaiveDate::from_ymd_opt(year, 12, 31) };
    let month = month.parse().ok()?;
    match parts.next() {
        Some(day) => NaiveDate::from_ymd_opt(year, month, day.parse().ok()?),
        None => NaiveDate::from_ymd_opt(year, month, 1)?.checked_add_months(Months::new(1))?.pred_opt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn a_date_lasts_until_the_end_of_what_it_names() {
        for (date, expected) in [
            ("2030-01-02", Some((2030, 1, 2))),
            ("2030-01-02T10:00:00Z", Some((2030, 1, 2))),
            ("2030-01-02 10:00:00", Some((2030, 1, 2))),
            ("2028-02", Some((2028, 2, 29))),
            ("2030-12", Some((2030, 12, 31))),
            ("2030", Some((2030, 12, 31))),
            ("2030-02-30", None),
            ("2030-13", None),
            ("30", None),
            ("soon", None),
            ("", None),
        ] {
            let expected = expected.and_then(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day));
            assert_eq!(last_day(date), expected, "{date:?}");
        }
    }

    #[test]
    fn a_term_is_known_whatever_its_vocabulary() {
        for (term, access) in [
            ("http://purl.org/coar/access_right/c_abf2", Some(Access::Open)),
            ("https://purl.org/coar/access_right/c_f1cf", Some(Access::Embargoed)),
            ("info:eu-repo/semantics/closedAccess", Some(Access::Restricted)),
            ("http://purl.org/eprint/accessRights/RestrictedAccess", Some(Access::Restricted)),
            ("metadata only access", Some(Access::MetadataOnly)),
            (" open.access ", Some(Access::Open)),
            ("http://creativecommons.org/licenses/by/4.0/", None),
            ("", None),
        ] {
            assert_eq!(Access::of(term), access, "{term:?}");
        }
    }

    #[test]
    fn an_embargo_is_over_on_its_day_and_restricts_without_one() {
        let today = day(2024, 6, 15);
        let embargoed = |from| Access::Embargoed.on(today, from);
        assert_eq!(embargoed(Some(day(2024, 6, 15))), Availability::Open);
        assert_eq!(embargoed(Some(day(2024, 6, 16))), Availability::Embargoed { until: day(2024, 6, 16) });
        assert_eq!(embargoed(None), Availability::Restricted { security: "embargoed access".to_owned() });
        assert_eq!(Access::Open.on(today, Some(day(2030, 1, 1))), Availability::Open);
    }
}
