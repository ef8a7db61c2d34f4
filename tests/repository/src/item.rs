//! An item: what it is called, what it says of itself, and the documents it has.

use crate::{
    catalogue::{State, Status, created},
    contents::{Contents, Media, mixed},
    datestamp::Moment,
    settings::{Names, Settings},
};

/// What stands before the number in an identifier: the name that every EPrints repository has until it is configured.
const IDENTIFIER_PREFIX: &str = "oai:generic.eprints.org:";

/// The day on which embargoes end: after any run of this program.
pub(crate) const EMBARGO_END: &str = "2999-12-31";

/// An item as it is at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) number: u32,
    pub(crate) state: State,
}

/// A document: in this repository, one file.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) item: u32,
    pub(crate) position: u32,
    pub(crate) name: String,
    pub(crate) access: Access,
    pub(crate) modified: Moment,
    pub(crate) contents: Contents,
}

/// Who may have a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    /// Public, and made from the first document: a thumbnail.
    Derived,
    StaffOnly,
    /// For registered users, until a day that is far away.
    Embargoed,
}

impl Access {
    /// As `/_repository/items` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Derived => "derived",
            Self::StaffOnly => "staffonly",
            Self::Embargoed => "embargoed",
        }
    }

    /// Whether anybody may have it.
    pub(crate) fn is_open(self) -> bool {
        match self {
            Self::Public | Self::Derived => true,
            Self::StaffOnly | Self::Embargoed => false,
        }
    }
}

/// The identifier of an item.
pub(crate) fn identifier(number: u32) -> String {
    format!("{IDENTIFIER_PREFIX}{number}")
}

/// The number in an identifier, in the one form that [`identifier`] writes.
pub(crate) fn number(text: &str) -> Option<u32> {
    let number = text.strip_prefix(IDENTIFIER_PREFIX)?.parse().ok()?;
    (identifier(number) == text).then_some(number)
}

impl Item<'_> {
    pub(crate) fn identifier(&self) -> String {
        identifier(self.number)
    }

    pub(crate) fn created(&self) -> Moment {
        created(self.settings, self.number)
    }

    pub(crate) fn title(&self) -> String {
        let title = format!("{} of {}", self.pick(1, QUALITIES), self.pick(2, MATTERS));
        match self.state.revision {
            1 => title,
            revision => format!("{title}, revision {revision}"),
        }
    }

    /// The family name and the given name of its author.
    pub(crate) fn creator(&self) -> (&'static str, &'static str) {
        (self.pick(3, FAMILY_NAMES), self.pick(4, GIVEN_NAMES))
    }

    pub(crate) fn sets(&self) -> impl Iterator<Item = Set> + use<> {
        let number = self.number;
        Set::ALL.into_iter().filter(move |set| set.holds(number))
    }

    /// Its documents by position; none when it is deleted.
    pub(crate) fn documents(&self) -> Vec<Document> {
        match self.state.status {
            Status::Live => self.public().chain(self.extra()).collect(),
            Status::Deleted => Vec::new(),
        }
    }

    fn public(&self) -> impl Iterator<Item = Document> {
        (1..=self.settings.files_per_item).map(|position| {
            let media = if self.is_pdf(position) { Media::Pdf } else { Media::Text };
            self.document(position, self.name(position), media, Access::Public)
        })
    }

    fn is_pdf(&self, position: u32) -> bool {
        match self.settings.names {
            Names::Distinct => position % 2 == 1,
            Names::Repeated => true,
        }
    }

    fn extra(&self) -> impl Iterator<Item = Document> {
        const EXTRA: [(u32, &str, Media, Access); 3] = [
            (10, "lightbox.jpg", Media::Jpeg, Access::Derived),
            (25, "staff.pdf", Media::Pdf, Access::StaffOnly),
            (40, "embargo.pdf", Media::Pdf, Access::Embargoed),
        ];
        (1..)
            .zip(EXTRA)
            .filter(|(_, (every, ..))| self.settings.extras && self.number.is_multiple_of(*every))
            .map(|(above, (_, name, media, access))| {
                self.document(self.settings.files_per_item + above, name.to_owned(), media, access)
            })
    }

    /// A change of the item is one of its first file, and of no other; another work is another file in each place.
    fn document(&self, position: u32, name: String, media: Media, access: Access) -> Document {
        let (revision, modified) = match (position, self.state.work) {
            (1, _) => (self.state.revision, self.state.datestamp),
            (_, 0) => (1, self.created()),
            (_, _) => (1, self.state.datestamp),
        };
        let parts = [position, revision].map(u64::from);
        let contents = Contents::new(mixed(self.seed(), &parts), self.settings.file_size, media);
        Document { item: self.number, position, name, access, modified, contents }
    }

    fn name(&self, position: u32) -> String {
        if self.settings.names == Names::Repeated {
            return "paper.pdf".to_owned();
        }
        match (position, self.number % 5) {
            (1, 1) if self.settings.extras => "the paper, with spaces.pdf".to_owned(),
            (1, 3) if self.settings.extras => "Q&A.pdf".to_owned(),
            (2, 2) if self.settings.extras => "données d'été 数据.txt".to_owned(),
            (2, 4) if self.settings.extras => "100% + #1.txt".to_owned(),
            (1, _) => "paper.pdf".to_owned(),
            (2, _) => "data.txt".to_owned(),
            (odd, _) if odd % 2 == 1 => format!("paper-{odd}.pdf"),
            (even, _) => format!("data-{even}.txt"),
        }
    }

    /// What everything about the item is drawn from.
    fn seed(&self) -> u64 {
        let seed = mixed(self.settings.seed, &[u64::from(self.number)]);
        match self.state.work {
            0 => seed,
            work => mixed(seed, &[u64::from(work)]),
        }
    }

    fn pick(&self, what: u64, words: &[&'static str]) -> &'static str {
        let drawn = mixed(self.seed(), &[what]) % words.len() as u64;
        words[usize::try_from(drawn).expect("a place in a short table")]
    }
}

/// A set (OAI-PMH 2.0, section 2.6). An item is in one by status and in one by type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    Published,
    InPress,
    Articles,
    Theses,
}

impl Set {
    pub(crate) const ALL: [Self; 4] = [Self::Published, Self::InPress, Self::Articles, Self::Theses];

    /// As EPrints does it: the field and its value in hexadecimal, for a `setSpec` cannot hold a `=`.
    pub(crate) fn spec(self) -> String {
        hex::encode_upper(self.plain())
    }

    pub(crate) fn from_spec(spec: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.spec() == spec)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Published => "Status = Published",
            Self::InPress => "Status = In Press",
            Self::Articles => "Type = Article",
            Self::Theses => "Type = Thesis",
        }
    }

    pub(crate) fn holds(self, item: u32) -> bool {
        match self {
            Self::Published => !Self::InPress.holds(item),
            Self::InPress => item.is_multiple_of(4),
            Self::Articles => !Self::Theses.holds(item),
            Self::Theses => item.is_multiple_of(3),
        }
    }

    /// The value of the field that the set goes by.
    pub(crate) fn value(self) -> &'static str {
        self.plain().split_once('=').map_or("", |(_, value)| value)
    }

    fn plain(self) -> &'static str {
        match self {
            Self::Published => "status=pub",
            Self::InPress => "status=inpress",
            Self::Articles => "type=article",
            Self::Theses => "type=thesis",
        }
    }
}

const QUALITIES: &[&str] = &[
    "The history",
    "A theory",
    "The anatomy",
    "An atlas",
    "Measurements",
    "The naïve use",
    "R&D",
    "The <limits>",
];
const MATTERS: &[&str] = &[
    "barley",
    "storage",
    "slow rivers",
    "harvest mice",
    "Ångström's spectra",
    "weevils",
    "bread",
    "時間",
    "mills",
    "dust",
];
const FAMILY_NAMES: &[&str] = &["Okafor", "Lindqvist", "Šimůnek", "O'Brien", "Tanaka", "Moreau"];
const GIVEN_NAMES: &[&str] = &["Ada", "Bjørn", "Chloë", "Daniel", "Emi"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn documents(settings: &Settings, catalogue: &Catalogue, number: u32) -> Vec<Document> {
        Item { settings, number, state: catalogue.get(number).unwrap() }.documents()
    }

    #[test]
    fn a_change_touches_the_first_file_only() {
        let settings = Settings { files_per_item: 3, ..Settings::default() };
        let catalogue = Catalogue::new(&settings);
        let before = documents(&settings, &catalogue, 3);
        catalogue.change(3, crate::datestamp::now()).unwrap();
        let after = documents(&settings, &catalogue, 3);
        assert_ne!(before[0].contents, after[0].contents);
        assert_ne!(before[0].modified, after[0].modified);
        for (before, after) in before.iter().zip(&after).skip(1) {
            assert_eq!((before.contents, before.modified), (after.contents, after.modified));
        }
    }

    #[test]
    fn extras_come_after_the_public_files() {
        let settings = Settings { items: 200, extras: true, ..Settings::default() };
        let catalogue = Catalogue::new(&settings);
        let found: Vec<_> =
            documents(&settings, &catalogue, 200).iter().map(|it| (it.position, it.access)).collect();
        let (public, derived) = (Access::Public, Access::Derived);
        assert_eq!(
            found,
            [(1, public), (2, public), (3, derived), (4, Access::StaffOnly), (5, Access::Embargoed)]
        );
        assert_eq!(documents(&settings, &catalogue, 7).len(), 2);
    }

    #[test]
    fn an_identifier_has_one_form() {
        assert_eq!(number(&identifier(774)), Some(774));
        for text in
            ["oai:generic.eprints.org:0774", "oai:generic.eprints.org:+7", "oai:generic.eprints.org:", "774"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn set_specs_hold_only_what_the_schema_allows() {
        assert_eq!(Set::Published.spec(), "7374617475733D707562");
        assert!(Set::ALL.iter().all(|set| Set::from_spec(&set.spec()) == Some(*set)));
    }
}
