use crate::{
    Availability,
    announced::{Announced, Gathering},
    media_type::is_media_type,
    rights::{last_day, until},
    xml::{Broken, Level, Walker},
};

/// The relation of a document that EPrints makes from another one, and makes anew whenever that one changes.
const VOLATILE: &str = "isVolatileVersionOf";

/// One `document`, with texts as they are written.
#[derive(Default)]
pub(super) struct Document {
    files: Vec<Announced>,
    main: Option<String>,
    mime_type: Option<String>,
    format: Option<String>,
    security: Option<String>,
    date_embargo: Option<String>,
    relations: Vec<String>,
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
                "mime_type" => document.mime_type = walker.value(&field)?,
                "format" => document.format = walker.value(&field)?,
                "security" => document.security = walker.value(&field)?,
                "date_embargo" => document.date_embargo = walker.value(&field)?,
                _ => {}
            }
        }
        Ok(document)
    }

    fn read_files(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(element) = walker.child(inside)? {
            if element.name() == "file" {
                self.files.push(read_file(walker, element.inside())?);
            }
        }
        Ok(())
    }

    fn read_relation(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(item) = walker.child(inside)? {
            while let Some(field) = walker.child(item.inside())? {
                if field.name() == "type" {
                    self.relations.extend(walker.value(&field)?);
                }
            }
        }
        Ok(())
    }

    /// Adds the files, and what could not be read of them.
    pub(super) fn emit(self, gathering: &mut Gathering) {
        if self.files.is_empty() {
            return;
        }
        let availability = self.availability(gathering);
        for file in &self.files {
            gathering.file(Announced {
                content_type: self.content_type_of(file).map(str::to_owned),
                availability: availability.clone(),
                ..file.clone()
            });
        }
    }

    /// An embargo that lasts wins over security.
    fn availability(&self, gathering: &mut Gathering) -> Availability {
        if self.relations.iter().any(|relation| relation.ends_with(VOLATILE)) {
            return Availability::Derived;
        }
        match self.date_embargo.as_deref().map(|date| last_day(date).ok_or(date)) {
            Some(Ok(end)) => match until(gathering.today, end) {
                Availability::Open => {}
                embargoed => return embargoed,
            },
            Some(Err(date)) => gathering.problem(format!("the end of an embargo is no date: {date:?}")),
            None => {}
        }
        match &self.security {
            Some(security) if security != "public" => Availability::Restricted { security: security.clone() },
            Some(_) | None => Availability::Open,
        }
    }

    /// The file's own type. The document's is that of its main file (`index.html`), not of the pictures
    /// beside it.
    fn content_type_of<'a>(&'a self, file: &'a Announced) -> Option<&'a str> {
        let speaks_for_it = self.files.len() == 1 || (self.main.is_some() && self.main == file.name);
        let of_document = [&self.mime_type, &self.format].into_iter().filter(|_| speaks_for_it);
        [&file.content_type]
            .into_iter()
            .chain(of_document)
            .flatten()
            .map(String::as_str)
            .find(|text| is_media_type(text))
    }
}

/// Reads to the end of a `file`. The content itself (`data`) and where else it lies (`copies`) are skipped.
fn read_file(walker: &mut Walker<'_>, inside: Level) -> Result<Announced, Broken> {
    let mut file = Announced::default();
    while let Some(field) = walker.child(inside)? {
        match field.name() {
            // A name is kept with the spaces around it: they are part of it.
            "filename" => file.name = Some(walker.text(&field)?),
            "url" => file.url = walker.value(&field)?,
            "filesize" => file.size = walker.value(&field)?,
            "hash" => file.digest = walker.value(&field)?,
            "hash_type" => file.digest_type = walker.value(&field)?,
            "mime_type" => file.content_type = walker.value(&field)?,
            _ => {}
        }
    }
    Ok(file)
}
