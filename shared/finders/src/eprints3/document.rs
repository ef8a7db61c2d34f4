use chrono::{Months, NaiveDate};
use url::Url;

use crate::{
    Availability, FileRef, Method, link,
    xml::{Broken, Element, Level, Walker},
};

/// The relation of a document that EPrints makes from another one, and makes anew whenever that one changes.
const VOLATILE: &str = "isVolatileVersionOf";

/// One `document`, with texts as they are written.
#[derive(Default)]
pub(super) struct Document {
    files: Vec<File>,
    main: Option<String>,
    mime_type: Option<String>,
    format: Option<String>,
    security: Option<String>,
    date_embargo: Option<String>,
    relations: Vec<String>,
}

#[derive(Default)]
struct File {
    filename: Option<String>,
    url: Option<String>,
    filesize: Option<String>,
    hash: Option<String>,
    hash_type: Option<String>,
    mime_type: Option<String>,
}

impl Document {
    /// Reads to the end of a `document`.
    pub(super) fn read(walker: &mut Walker<'_>, inside: Level) -> Result<Self, Broken> {
        let mut document = Self::default();
        while let Some(field) = walker.child(inside)? {
            match field.name() {
                "files" => document.read_files(walker, field.inside())?,
                "relation" => document.read_relation(walker, field.inside())?,
                "main" => document.main = Some(walker.text(&field)?),
                "mime_type" => document.mime_type = value(walker, &field)?,
                "format" => document.format = value(walker, &field)?,
                "security" => document.security = value(walker, &field)?,
                "date_embargo" => document.date_embargo = value(walker, &field)?,
                _ => {}
            }
        }
        Ok(document)
    }

    fn read_files(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(element) = walker.child(inside)? {
            if element.name() == "file" {
                self.files.push(File::read(walker, element.inside())?);
            }
        }
        Ok(())
    }

    fn read_relation(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(item) = walker.child(inside)? {
            while let Some(field) = walker.child(item.inside())? {
                if field.name() == "type" {
                    self.relations.extend(value(walker, &field)?);
                }
            }
        }
        Ok(())
    }

    /// Adds the files, and what could not be read of them.
    pub(super) fn emit(&self, today: NaiveDate, files: &mut Vec<FileRef>, problems: &mut Vec<String>) {
        if self.files.is_empty() {
            return;
        }
        let availability = self.availability(today, problems);
        for file in &self.files {
            files.extend(file.to_ref(availability.clone(), self.content_type_of(file), problems));
        }
    }

    fn availability(&self, today: NaiveDate, problems: &mut Vec<String>) -> Availability {
        if self.relations.iter().any(|relation| relation.ends_with(VOLATILE)) {
            return Availability::Derived;
        }
        match self.date_embargo.as_deref().map(|date| last_day(date).ok_or(date)) {
            Some(Ok(until)) if until > today => return Availability::Embargoed { until },
            Some(Ok(_)) | None => {}
            Some(Err(date)) => problems.push(format!("the end of an embargo is no date: {date:?}")),
        }
        match &self.security {
            Some(security) if security != "public" => Availability::Restricted { security: security.clone() },
            Some(_) | None => Availability::Open,
        }
    }

    /// The file's own type. The document's is that of its main file (`index.html`), not of the pictures
    /// beside it.
    fn content_type_of<'a>(&'a self, file: &'a File) -> Option<&'a str> {
        let speaks_for_it = self.files.len() == 1 || (self.main.is_some() && self.main == file.filename);
        let of_document = [&self.mime_type, &self.format].into_iter().filter(|_| speaks_for_it);
        [&file.mime_type]
            .into_iter()
            .chain(of_document)
            .flatten()
            .map(String::as_str)
            .find(|text| is_media_type(text))
    }
}

impl File {
    /// Reads to the end of a `file`. The content itself (`data`) and where else it lies (`copies`) are
    /// skipped.
    fn read(walker: &mut Walker<'_>, inside: Level) -> Result<Self, Broken> {
        let mut file = Self::default();
        while let Some(field) = walker.child(inside)? {
            match field.name() {
                // A name is kept with the spaces around it: they are part of it.
                "filename" => {
                    file.filename = Some(walker.text(&field)?).filter(|name| !name.trim().is_empty());
                }
                "url" => file.url = value(walker, &field)?,
                "filesize" => file.filesize = value(walker, &field)?,
                "hash" => file.hash = value(walker, &field)?,
                "hash_type" => file.hash_type = value(walker, &field)?,
                "mime_type" => file.mime_type = value(walker, &field)?,
                _ => {}
            }
        }
        Ok(file)
    }

    fn to_ref(
        &self,
        availability: Availability,
        content_type: Option<&str>,
        problems: &mut Vec<String>,
    ) -> Option<FileRef> {
        let Some(url) = self.url.clone() else {
            problems.push(format!("a file has no URL: {:?}", self.filename.as_deref().unwrap_or_default()));
            return None;
        };
        let named_by_url = || Url::parse(&url).ok().and_then(|url| link::file_name(&url));
        let Some(name) = self.filename.clone().or_else(named_by_url) else {
            problems.push(format!("a file has no name, and its URL gives none: {url:?}"));
            return None;
        };
        Some(FileRef {
            size: self.size(&name, problems),
            md5: self.md5(&name, problems),
            content_type: content_type.map(str::to_owned),
            found_by: Method::Eprints3,
            availability,
            name,
            url,
        })
    }

    fn size(&self, name: &str, problems: &mut Vec<String>) -> Option<u64> {
        let text = self.filesize.as_deref()?;
        let size = text.parse().ok();
        if size.is_none() {
            problems.push(format!("the size of {name:?} is no number: {text:?}"));
        }
        size
    }

    fn md5(&self, name: &str, problems: &mut Vec<String>) -> Option<String> {
        let hash = self.hash.as_deref()?;
        if !self.hash_type.as_deref()?.eq_ignore_ascii_case("MD5") {
            return None;
        }
        if hash.len() != 32 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            problems.push(format!("the digest of {name:?} is no MD5: {hash:?}"));
            return None;
        }
        Some(hash.to_ascii_lowercase())
    }
}

/// The text of a field without white space around it; `None` when nothing is left.
fn value(walker: &mut Walker<'_>, field: &Element<'_>) -> Result<Option<String>, Broken> {
    let text = walker.text(field)?;
    Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned))
}

/// The day that a date of EPrints names, `YYYY-MM-DD`, or the last one of its `YYYY-MM` or `YYYY`. A time
/// after it is ignored.
fn last_day(date: &str) -> Option<NaiveDate> {
    let date = date.split(['T', ' ']).next()?;
    let mut parts = date.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let Some(month) = parts.next() else { return NaiveDate::from_ymd_opt(year, 12, 31) };
    let month = month.parse().ok()?;
    match parts.next() {
        Some(day) => NaiveDate::from_ymd_opt(year, month, day.parse().ok()?),
        None => NaiveDate::from_ymd_opt(year, month, 1)?.checked_add_months(Months::new(1))?.pred_opt(),
    }
}

/// Whether a text is `type/subtype`, with or without parameters (RFC 9110, section 8.3.1). `format` often is
/// no media type but EPrints' own word: `text`, `image`, `other`, `indexcodes`.
fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let is_essence =
        essence.trim_end().split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    is_essence && parameters.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_media_type_has_a_type_and_a_subtype() {
        for text in
            ["application/pdf", "image/svg+xml", "text/html; charset=utf-8", "application/vnd.ms-excel"]
        {
            assert!(is_media_type(text), "{text:?}");
        }
        for text in ["", "text", "other", "application/", "/pdf", "a b/c", "a/b/c", "text/plain; x\r\ny"] {
            assert!(!is_media_type(text), "{text:?}");
        }
    }
}
