//! What somebody has typed into the form of a source, or sent to the API; and the source that it makes.

use granary_harvest::{Source, format_span, parse_span};
use granary_silo::SiloName;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::Url;

/// The longest text of a field, in characters.
const LONGEST: usize = 500;

/// The settings of a source as they are typed. What is empty is left to its default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Given {
    pub(crate) url: String,
    pub(crate) silo: String,
    pub(crate) kind: String,
    pub(crate) metadata_prefix: String,
    pub(crate) template: String,
    /// One a line.
    pub(crate) sets: String,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) files: String,
    pub(crate) landing_pages: String,
    pub(crate) every: String,
    pub(crate) look_back: String,
    pub(crate) contact: String,
    pub(crate) user_agent: String,
    /// Anything: the endpoint is not asked before the source is added.
    pub(crate) without_asking: Option<String>,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Wrong {
    /// The field's name.
    pub(crate) field: &'static str,
    /// Lower case, without a full stop.
    pub(crate) text: String,
}

impl Wrong {
    pub(crate) fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: text.into() }
    }
}

impl Given {
    /// The settings of a source, as they would have been typed.
    pub(crate) fn of(source: &Source) -> Self {
        let span = |seconds: Option<u64>| seconds.map(format_span).unwrap_or_default();
        Self {
            url: source.url.to_string(),
            silo: source.silo.to_string(),
            kind: word(&source.kind),
            metadata_prefix: source.metadata_prefix.clone().unwrap_or_default(),
            template: source.template.clone().unwrap_or_default(),
            sets: source.sets.join("\n"),
            from: source.from.as_ref().map(ToString::to_string).unwrap_or_default(),
            until: source.until.as_ref().map(ToString::to_string).unwrap_or_default(),
            files: word(&source.files),
            landing_pages: word(&source.landing_pages),
            every: span(source.every_seconds),
            look_back: span(source.look_back_seconds),
            contact: source.contact.clone().unwrap_or_default(),
            user_agent: source.user_agent.clone().unwrap_or_default(),
            without_asking: None,
        }
    }

    /// A new source, or all that is wrong with it.
    pub(crate) fn new_source(&self) -> Result<Source, Vec<Wrong>> {
        let mut reader = Reader::default();
        let url = reader.read("url", &self.url, url);
        let silo = match (self.silo.trim(), &url) {
            ("", Some(url)) => reader.noted("silo", silo_of(url)),
            ("", None) => None,
            (name, _) => reader.noted("silo", name.parse().map_err(|error| format!("{error}"))),
        };
        // Where either is none, something is wrong with it: it is told together with all else.
        let source = Source::new(silo.unwrap_or_else(nobody), url.unwrap_or_else(nowhere));
        let source = self.apply(source, &mut reader);
        reader.end(source)
    }

    /// The same source with these settings, or all that is wrong with them.
    pub(crate) fn changed(&self, source: &Source) -> Result<Source, Vec<Wrong>> {
        let mut reader = Reader::default();
        let source = self.apply(source.clone(), &mut reader);
        reader.end(source)
    }

    fn apply(&self, mut source: Source, reader: &mut Reader) -> Source {
        source.kind = reader.choice("kind", &self.kind);
        source.metadata_prefix = reader.read("metadata_prefix", &self.metadata_prefix, one_word);
        source.template = reader.read("template", &self.template, text);
        let sets = self.sets.lines().map(str::trim).filter(|set| !set.is_empty());
        source.sets = sets.filter_map(|set| reader.read("sets", set, one_word)).collect();
        let stamp = |text: &str| text.parse().map_err(|error| format!("{error}"));
        source.from = reader.read("from", &self.from, stamp);
        source.until = reader.read("until", &self.until, stamp);
        if let (Some(from), Some(until)) = (&source.from, &source.until)
            && from > until
        {
            reader.wrong.push(Wrong::new("until", format!("nothing lies between {from} and {until}")));
        }
        source.files = reader.choice("files", &self.files);
        source.landing_pages = reader.choice("landing_pages", &self.landing_pages);
        let span = |text: &str| parse_span(text).map_err(|error| error.to_string());
        source.every_seconds = reader.read("every", &self.every, span);
        source.look_back_seconds = reader.read("look_back", &self.look_back, span);
        source.contact = reader.read("contact", &self.contact, text);
        source.user_agent = reader.read("user_agent", &self.user_agent, text);
        source
    }
}

/// Reads fields and notes what is wrong.
#[derive(Default)]
struct Reader {
    wrong: Vec<Wrong>,
}

impl Reader {
    /// The value of a field; nothing when it is empty or wrong.
    fn read<T>(
        &mut self,
        field: &'static str,
        given: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let given = given.trim();
        match (field, given) {
            ("url", "") => self.noted(field, Err("this is needed".to_owned())),
            (_, "") => None,
            _ => self.noted(field, text(given).and_then(|_| read(given))),
        }
    }

    fn noted<T>(&mut self, field: &'static str, read: Result<T, String>) -> Option<T> {
        read.map_err(|text| self.wrong.push(Wrong::new(field, text))).ok()
    }

    /// One of some words; the default when none is given.
    fn choice<T: DeserializeOwned + Default>(&mut self, field: &'static str, given: &str) -> T {
        let choice = |word: &str| serde_json::from_value(word.into()).map_err(|error| error.to_string());
        self.read(field, given, choice).unwrap_or_default()
    }

    fn end(self, source: Source) -> Result<Source, Vec<Wrong>> {
        match self.wrong.is_empty() {
            true => Ok(source),
            false => Err(self.wrong),
        }
    }
}

/// How a choice is written.
fn word(choice: &impl Serialize) -> String {
    serde_json::to_value(choice).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Any text of one line: some of it goes into the head of requests.
fn text(text: &str) -> Result<String, String> {
    match text.chars().count() <= LONGEST && !text.contains(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err(format!("one line, of {LONGEST} characters at most")),
    }
}

fn one_word(text: &str) -> Result<String, String> {
    match text.contains(char::is_whitespace) {
        false => Ok(text.to_owned()),
        true => Err(format!("{text:?} has white space in it")),
    }
}

fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("this is no URL: {error}"))?;
    match matches!(url.scheme(), "http" | "https") && url.host_str().is_some() {
        true => Ok(url),
        false => Err("this is not an http or https URL".to_owned()),
    }
}

fn silo_of(url: &Url) -> Result<SiloName, String> {
    let host = url.host_str().unwrap_or_default();
    SiloName::from_host(host, url.port()).map_err(|error| format!("{error}; name one here"))
}

fn nobody() -> SiloName {
    "nobody".parse().expect("this is a name")
}

fn nowhere() -> Url {
    Url::parse("http://nowhere.invalid/").expect("this is a URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        Given { url: " https://eprints.example.org/cgi/oai2 ".to_owned(), ..Given::default() }
    }

    #[test]
    fn a_source_is_what_was_typed_and_its_form_shows_it_again() {
        let all = Given {
            silo: "maths".to_owned(),
            kind: "eprints3".to_owned(),
            sets: " a:b \r\n\n c\n".to_owned(),
            from: "2020-01-01".to_owned(),
            files: "all".to_owned(),
            landing_pages: "never".to_owned(),
            every: "12h".to_owned(),
            look_back: "7d".to_owned(),
            user_agent: "x/1".to_owned(),
            ..given()
        };
        let source = all.new_source().unwrap();
        assert_eq!(
            (source.silo.as_str(), source.url.as_str()),
            ("maths", "https://eprints.example.org/cgi/oai2")
        );
        assert_eq!(
            (source.sets.clone(), source.every_seconds),
            (vec!["a:b".to_owned(), "c".to_owned()], Some(43_200))
        );
        assert_eq!((source.files, source.contact.clone()), (granary_harvest::Files::All, None));
        let again = Given::of(&source);
        assert_eq!((again.look_back.as_str(), again.sets.as_str()), ("1w", "a:b\nc"));
        assert_eq!(again.new_source().unwrap(), source);
        assert_eq!(given().new_source().unwrap().silo.as_str(), "eprints.example.org");
    }

    #[test]
    fn everything_that_is_wrong_is_told_beside_its_field() {
        let wrong = |given: Given| -> Vec<&'static str> {
            given.new_source().unwrap_err().iter().map(|wrong| wrong.field).collect()
        };
        assert_eq!(wrong(Given::default()), ["url"]);
        assert_eq!(
            wrong(Given { url: "ftp://x.org/".to_owned(), every: "1".to_owned(), ..given() }),
            ["url", "every"]
        );
        for (field, given) in [
            ("silo", Given { silo: "../x".to_owned(), ..given() }),
            ("kind", Given { kind: "x".to_owned(), ..given() }),
            ("metadata_prefix", Given { metadata_prefix: "a b".to_owned(), ..given() }),
            ("sets", Given { sets: "a\nb c".to_owned(), ..given() }),
            ("from", Given { from: "yesterday".to_owned(), ..given() }),
            ("until", Given { from: "2020-01-02".to_owned(), until: "2020-01-01".to_owned(), ..given() }),
            ("user_agent", Given { user_agent: "a\r\nX: b".to_owned(), ..given() }),
            ("contact", Given { contact: "x".repeat(501), ..given() }),
        ] {
            assert_eq!(wrong(given), [field]);
        }
    }

    #[test]
    fn what_the_form_does_not_show_stays_when_it_is_changed() {
        let mut source = given().new_source().unwrap();
        source.tls = granary_harvest::Tls::Unchecked;
        let changed = Given { every: "1h".to_owned(), ..Given::of(&source) }.changed(&source).unwrap();
        assert_eq!((changed.tls, changed.every_seconds), (granary_harvest::Tls::Unchecked, Some(3600)));
    }
}
