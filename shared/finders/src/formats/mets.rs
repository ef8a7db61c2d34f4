//! METS: every file of the file section, with size and digest.
//!
//! `fileSec` > `fileGrp@USE` > `file@MIMETYPE @SIZE @CHECKSUM @CHECKSUMTYPE` > `FLocat@xlink:href` (METS 1, section
//! "File Section"; METS 2 has `LOCREF` in place of `xlink:href`). DSpace has a group for each bundle, EPrints one for
//! each document, digitised books one for each resolution (DFG viewer profile: `MAX`, `DEFAULT`, `MIN`, `THUMBS`).

use crate::{
    Availability, Found, Method, Record,
    announced::{Announced, Gathering},
    finder::Finder,
    link,
    payload::Payload,
    xml::{Broken, Element, Level, Walker},
};

use super::bundle;

pub(crate) const FINDER: Finder = Finder {
    roots: &["mets"],
    find,
    namespaces: &["http://www.loc.gov/METS", "http://www.loc.gov/METS/v2"],
    prefixes: &["mets", "METS", "oai_mets", "mets-mods"],
    media_types: &["application/mets+xml"],
    rank: 90,
};

fn find(record: &Record<'_>, mut payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    let mut mets = Mets { files: Vec::new(), gathering: Gathering::new(Method::Mets, record.today) };
    // `OBJID="hdl:123/4"` in DSpace; a text of any kind elsewhere.
    mets.gathering.landing_page.offer(&payload.root.attribute("OBJID").unwrap_or_default());
    let end = mets.read(&mut payload.walker, payload.root.inside());
    Ok(Some(mets.found(end)))
}

struct Mets {
    files: Vec<File>,
    gathering: Gathering,
}

/// One `file`.
struct File {
    /// The use of the file or its group.
    usage: String,
    announced: Announced,
    /// Whether its bytes are in the metadata itself (`FContent`).
    is_embedded: bool,
}

impl Mets {
    /// Reads to the end. Some repositories put METS into METS, so that the file section may lie at any depth.
    fn read(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        while let Some(element) = walker.descendant(inside)? {
            match element.name() {
                "fileSec" => self.read_files(walker, element.inside())?,
                // The page in the library's viewer (DFG viewer profile, `dv:links`).
                "presentation" => self.offer(walker, &element)?,
                // Descriptive metadata in MODS.
                "identifier" if element.attribute("type").is_some_and(|kind| kind == "uri") => {
                    self.offer(walker, &element)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn offer(&mut self, walker: &mut Walker<'_>, element: &Element<'_>) -> Result<(), Broken> {
        self.gathering.landing_page.offer(&walker.text(element)?);
        Ok(())
    }

    fn read_files(&mut self, walker: &mut Walker<'_>, inside: Level) -> Result<(), Broken> {
        // The groups that are open, each with its use, or that of the group around it.
        let mut groups: Vec<(Level, String)> = Vec::new();
        while let Some(element) = walker.descendant(inside)? {
            while groups.pop_if(|(level, _)| *level >= element.inside()).is_some() {}
            let of_group = || groups.last().map(|(_, usage)| usage.clone()).unwrap_or_default();
            match element.name() {
                "fileGrp" => {
                    let usage = element.attribute("USE").unwrap_or_else(of_group);
                    groups.push((element.inside(), usage));
                }
                "file" => self.files.push(File::new(&element, of_group)),
                // They come before the files that may lie in a file.
                "FLocat" => self.files.last_mut().into_iter().for_each(|file| file.locate(&element)),
                "FContent" => self.files.last_mut().into_iter().for_each(|file| file.is_embedded = true),
                _ => {}
            }
        }
        Ok(())
    }

    fn found(mut self, end: Result<(), Broken>) -> Found {
        let has_masters = self.files.iter().any(|file| file.usage == "MAX");
        for file in self.files {
            if file.is_embedded && file.announced.url.is_none() {
                continue;
            }
            // Of pictures in several resolutions the best one is the original.
            let is_smaller = has_masters && matches!(file.usage.as_str(), "DEFAULT" | "MIN");
            let availability = match is_smaller || bundle::is_derived(&file.usage) {
                true => Availability::Derived,
                false => Availability::Open,
            };
            self.gathering.file(Announced { availability, ..file.announced });
        }
        self.gathering.found(end)
    }
}

impl File {
    fn new(element: &Element<'_>, of_group: impl FnOnce() -> String) -> Self {
        let announced = Announced {
            label: element.attribute("OWNERID").or_else(|| element.attribute("ID")),
            size: element.attribute("SIZE"),
            digest: element.attribute("CHECKSUM"),
            digest_type: element.attribute("CHECKSUMTYPE"),
            content_type: element.attribute("MIMETYPE"),
            ..Announced::default()
        };
        let usage = element.attribute("USE").unwrap_or_else(of_group);
        Self { usage, announced, is_embedded: false }
    }

    /// Several locations are copies of one file: the first that can be fetched is taken.
    fn locate(&mut self, location: &Element<'_>) {
        let Some(url) = location.attribute("href").or_else(|| location.attribute("LOCREF")) else { return };
        let can_be_fetched = |url: &String| link::http(url).is_some();
        if self.announced.url.as_ref().is_some_and(|known| can_be_fetched(known) || !can_be_fetched(&url)) {
            return;
        }
        self.announced.url = Some(url);
        let title = location.attribute("title").filter(|title| link::is_file_name(title));
        self.announced.label = title.or_else(|| self.announced.label.take());
    }
}
