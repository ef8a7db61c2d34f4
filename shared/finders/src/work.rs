//! Which work a record is about: titles and creators, to tell when an identifier was given to another one.

use std::{collections::HashSet, fmt};

use crate::{
    encoding,
    payload::Payload,
    xml::{Broken, Level, Walker},
};

/// How many letters a word of a title has at the least that says something: `with` and `über` still pass, and make two
/// titles alike, which is the safe side.
const SHORTEST_WORD: usize = 4;

/// How much of a title is quoted, in characters, and how many creators are named.
const QUOTED: usize = 200;
const NAMED: usize = 3;

/// The titles and creators that metadata names; of both at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    titles: Vec<String>,
    creators: Vec<String>,
}

impl Work {
    /// Reads EPrints 3 XML that holds one eprint, and any format whose root element holds `title` and `creator` elements, as
    /// Dublin Core has them. `None` for other formats, and where either is missing or the XML breaks.
    pub fn of(metadata: &[u8]) -> Option<Self> {
        let text = encoding::decode(metadata);
        let Payload { mut walker, root, level, .. } = Payload::open(&text).ok()??;
        let mut work = Self { titles: Vec::new(), creators: Vec::new() };
        match root.name() {
            "eprints" => work.read_eprints(&mut walker, root.inside()),
            "eprint" => {
                let read = work.read_eprint(&mut walker, root.inside());
                read.and_then(|()| Ok(walker.child(level)?.is_none()))
            }
            _ => work.read_flat(&mut walker, root.inside()).map(|()| true),
        }
        .ok()
        .filter(|is_one| *is_one)?;
        (!work.titles.is_empty() && !work.creators.is_empty()).then_some(work)
    }

    /// Whether these are plainly two works: the titles share no word of four letters or more, and the creators no name.
    ///
    /// A title that is corrected keeps words; one that is translated keeps its creators. Names in another script are compared
    /// with nothing: they may be the same.
    pub fn is_plainly_another(&self, before: &Self) -> bool {
        let (titles, titles_before) = (title_words(&self.titles), title_words(&before.titles));
        let (names, names_before) = (names(&self.creators), names(&before.creators));
        let all = [&titles, &titles_before, &names, &names_before];
        all.iter().all(|words| !words.is_empty())
            && is_latin(&self.creators) == is_latin(&before.creators)
            && titles.is_disjoint(&titles_before)
            && names.is_disjoint(&names_before)
    }

    /// Whether there was more than one eprint is told by the answer.
    fn read_eprints(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<bool, Broken> {
        let mut eprints = 0;
        while let Some(element) = walker.child(inside)? {
            if element.name() == "eprint" {
                eprints += 1;
                self.read_eprint(walker, element.inside())?;
            }
        }
        Ok(eprints == 1)
    }

    fn read_eprint(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(field) = walker.child(inside)? {
            match field.name() {
                "title" => self.titles.extend(walker.value(&field)?),
                "creators" => {
                    while let Some(element) = walker.descendant(field.inside())? {
                        if element.name() == "family" {
                            self.creators.extend(walker.value(&element)?);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_flat(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(term) = walker.child(inside)? {
            match term.name() {
                "title" => self.titles.extend(walker.value(&term)?),
                "creator" => self.creators.extend(walker.value(&term)?),
                _ => {}
            }
        }
        Ok(())
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title: String =
            self.titles.first().into_iter().flat_map(|title| title.chars()).take(QUOTED).collect();
        let names: Vec<_> = self.creators.iter().take(NAMED).map(String::as_str).collect();
        write!(f, "{title:?} by {}", names.join("; "))?;
        match self.creators.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The words that say something: the long ones, and those of scripts that need few letters for much.
fn title_words(titles: &[String]) -> HashSet<String> {
    let says = |word: &String| {
        word.chars().count() >= SHORTEST_WORD
            || word.chars().any(|c| c.is_alphabetic() && !is_latin_letter(c))
    };
    titles.iter().flat_map(|title| words(title)).filter(says).collect()
}

/// What stands before the comma; without one, every word. Initials are no names.
fn names(creators: &[String]) -> HashSet<String> {
    let family = |name: &String| name.split_once(',').map_or(name.as_str(), |(family, _)| family).to_owned();
    let names = creators.iter().map(family);
    names.flat_map(|name| words(&name).collect::<Vec<_>>()).filter(|word| word.chars().count() > 1).collect()
}

fn is_latin(texts: &[String]) -> bool {
    texts.iter().any(|text| text.chars().any(|c| c.is_alphabetic() && is_latin_letter(c)))
}

/// Basic Latin to Latin Extended-B, and Latin Extended Additional.
fn is_latin_letter(c: char) -> bool {
    c < '\u{250}' || ('\u{1e00}'..'\u{1f00}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dc(title: &str, creators: &[&str]) -> String {
        let creators: String =
            creators.iter().map(|name| format!("<dc:creator>{name}</dc:creator>")).collect();
        format!(
            "<oai_dc:dc xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title>{title}</dc:title>{creators}</oai_dc:dc>"
        )
    }

    fn work(title: &str, creators: &[&str]) -> Work {
        Work::of(dc(title, creators).as_bytes()).unwrap()
    }

    #[track_caller]
    fn check(before: (&str, &[&str]), after: (&str, &[&str]), expected: bool) {
        let (before, after) = (work(before.0, before.1), work(after.0, after.1));
        assert_eq!(after.is_plainly_another(&before), expected, "{before} and {after}");
        assert_eq!(before.is_plainly_another(&after), expected, "{after} and {before}");
    }

    #[test]
    fn with_another_title_and_other_creators_it_is_another_work() {
        check(
            ("The history of barley", &["Okafor, Ada"]),
            ("The anatomy of the mouse", &["Tanaka, Emi", "Moreau, Ada"]),
            true,
        );
        check(("A theory of bread", &["WHO"]), ("Measurements of dust", &["O'Brien, D."]), true);
        check(("時間", &["田中"]), ("農業", &["鈴木"]), true);
    }

    #[test]
    fn what_shares_a_word_or_a_name_is_the_same_work() {
        let before: (&str, &[&str]) = ("The history of barley", &["Okafor, Ada"]);
        check(before, ("The histroy of barley", &["Lindqvist, Bjørn"]), false);
        check(before, ("Die Geschichte der Gerste", &["Okafor, A."]), false);
        check(before, ("Die Geschichte der Gerste", &["Ada Okafor"]), false);
        check(before, ("BARLEY: a companion", &["Tanaka, Emi"]), false);
    }

    #[test]
    fn where_too_little_is_said_it_is_the_same_work() {
        let before: (&str, &[&str]) = ("The history of barley", &["Okafor, Ada"]);
        check(before, ("On it", &["Tanaka, Emi"]), false);
        check(before, ("Measurements", &["T."]), false);
        check(("История ячменя", &["Иванов, И."]), ("Measurements", &["Ivanov, I."]), false);
        for lacking in [
            dc("", &["Okafor, Ada"]),
            dc("The history of barley", &[]),
            "<mets/>".to_owned(),
            "<a".to_owned(),
        ] {
            assert_eq!(Work::of(lacking.as_bytes()), None, "{lacking}");
        }
    }

    #[test]
    fn of_eprints_xml_the_family_names_count() {
        let eprint = "<eprint><title>Maps &amp; mice</title><creators><item><name><family>Millikan</family>\
                      <given>Robert</given></name></item></creators></eprint>";
        let expected = Work { titles: vec!["Maps & mice".to_owned()], creators: vec!["Millikan".to_owned()] };
        assert_eq!(Work::of(eprint.as_bytes()), Some(expected.clone()));
        assert_eq!(Work::of(format!("<eprints>{eprint}</eprints>").as_bytes()), Some(expected));
        assert_eq!(Work::of(format!("<eprints>{eprint}{eprint}</eprints>").as_bytes()), None);
    }

    #[test]
    fn a_work_is_quoted_in_short() {
        let long = "x".repeat(500);
        assert!(work(&long, &["A B"]).to_string().len() < 250);
        let many = work("Bread", &["A", "B", "C", "D", "E"]);
        assert_eq!(many.to_string(), r#""Bread" by A; B; C and 2 more"#);
    }
}
