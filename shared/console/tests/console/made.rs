//! A granary with something of everything in it, attacks among it.

use std::path::Path;

use bytes::Bytes;
use granary_harvest::Granary;
use granary_silo::{Entry, Error, Failure, FileName, Identifier, Manifest, Silo, VersionName, VersionRecord};
use tempfile::TempDir;

/// A title that would run as script, end a tag, an attribute or a comment.
pub(crate) const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>-->&amp;{{7*7}}";
/// An identifier with everything that a path, a query or HTML could stumble over.
pub(crate) const EVIL_IDENTIFIER: &str = "oai:evil:../a b/é?x=1&y=2#z%41+\"'<b>日本";
/// Names that files have at repositories that mean no good.
pub(crate) const EVIL_NAME: &str = "\"><img src=x onerror=alert(3)>.html";

/// A granary in a directory that is removed when it is dropped.
pub(crate) struct Made {
    /// Removed with it.
    pub(crate) folder: TempDir,
    pub(crate) granary: Granary,
}

/// A file to be stored: name, `Content-Type`, bytes.
pub(crate) type File<'a> = (&'a str, &'a str, &'a [u8]);

/// Silo `maths`: an article with three versions, one that means no good, one whose manifest is corrupt, one whose manifest
/// names a file outside. Silo `old`: what RecordSilo wrote.
pub(crate) async fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../silo/tests/golden/silo-0.4.16");
    copy(&golden, &folder.path().join("old"));
    std::fs::write(folder.path().join("secret.txt"), "nobody is to read this").unwrap();
    let granary = Granary::create(folder.path()).unwrap();
    let maths = granary.create_silo(&"maths".parse().unwrap(), "http://maths.example/oai").await.unwrap();
    article(&maths).await;
    evil(&maths).await;
    corrupt(&maths, folder.path());
    leads_outside(&maths).await;
    Made { folder, granary }
}

/// `oai:maths:7`: made, changed, deleted.
async fn article(silo: &Silo) {
    let id = "oai:maths:7";
    let dc = |title: &str| {
        format!(
            "<oai_dc:dc xmlns:oai_dc=\"http://www.openarchives.org/OAI/2.0/oai_dc/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n  \
             <dc:title>{title}</dc:title>\n  <dc:creator>Sand, Ada</dc:creator>\n  <dc:creator>Müller, Max</dc:creator>\n  \
             <dc:date>2020-01-02</dc:date>\n  <dc:type>Article</dc:type>\n  <dc:identifier>https://maths.example/7</dc:identifier>\n  \
             <dc:description>What is known of prime numbers, and what is not. The first part is about the former, the second about \
             the latter, which is longer.</dc:description>\n</oai_dc:dc>"
        )
    };
    let pdf = include_bytes!("one-page.pdf");
    let first = dc("On prime numbers");
    let record = VersionRecord {
        datestamp: Some("2020-01-02T00:00:00Z".to_owned()),
        sets: vec!["numbers".to_owned()],
        run: Some("20200103T000000Z-1".to_owned()),
        request: Some("http://maths.example/oai?verb=ListRecords&metadataPrefix=oai_dc".to_owned()),
        ..VersionRecord::default()
    };
    let files: &[File<'_>] =
        &[("paper.pdf", "application/pdf", pdf), ("data.csv", "text/csv", b"2,3\n5,7\n")];
    put(silo, id, "1", record.clone(), first.as_bytes(), files).await;
    let second = dc("On prime numbers, revised");
    let record = VersionRecord {
        datestamp: Some("2021-05-06T07:08:09Z".to_owned()),
        sets: vec!["numbers".to_owned(), "revised".to_owned()],
        failures: vec![Failure {
            name: "appendix.pdf".to_owned(),
            url: "https://maths.example/7/appendix.pdf".to_owned(),
            reason: "not_a_file".to_owned(),
            detail: "HTML in place of application/pdf".to_owned(),
            attempts: 4,
            other: serde_json::Map::new(),
            time: "2021-05-07T00:00:00Z".to_owned(),
        }],
        ..record
    };
    let files: &[File<'_>] = &[
        ("notes.txt", "text/plain", "Größer als 2\n".as_bytes()),
        ("data.csv", "text/csv", b"2,3\n5,7\n11,13\n"),
    ];
    put(silo, id, "2", record, second.as_bytes(), files).await;
    let kept = silo.object(&identifier(id)).await.unwrap().unwrap().manifest;
    let paper = kept.inventory(&VersionName::number(1))["paper.pdf"].clone();
    let carried = kept.inventory(&VersionName::number(2));
    silo.update::<Error>(&identifier(id), None, |manifest| {
        let mut manifest = manifest.unwrap().clone();
        manifest.put(&VersionName::number(2), &FileName::safe("paper.pdf"), paper.clone(), false);
        let mut inventory = carried.clone();
        inventory.insert("paper.pdf".to_owned(), paper.clone());
        let deleted = VersionRecord {
            datestamp: Some("2022-02-03T00:00:00Z".to_owned()),
            deleted: true,
            inventory,
            ..VersionRecord::default()
        };
        manifest.add_version(&VersionName::number(3), "2022-02-04T00:00:00Z", deleted);
        Ok(Some(manifest))
    })
    .await
    .unwrap();
}

/// Everything that a repository sends is an attack.
async fn evil(silo: &Silo) {
    let escaped = EVIL.replace('&', "&amp;").replace('<', "&lt;");
    let metadata = format!(
        "<dc><title>{escaped}</title><creator>{escaped}</creator><identifier>javascript:alert(4)</identifier>\
         <relation>http://x.example/\"onmouseover=alert(5)</relation></dc>"
    );
    let record = VersionRecord {
        datestamp: Some(EVIL.to_owned()),
        sets: vec![EVIL.to_owned()],
        run: Some(EVIL.to_owned()),
        request: Some("javascript:alert(6)".to_owned()),
        repaired: vec![EVIL.to_owned()],
        failures: vec![Failure {
            name: EVIL.to_owned(),
            url: "javascript:alert(7)".to_owned(),
            reason: EVIL.to_owned(),
            detail: EVIL.to_owned(),
            attempts: 1,
            other: serde_json::Map::new(),
            time: EVIL.to_owned(),
        }],
        ..VersionRecord::default()
    };
    let html: &[u8] = b"<!DOCTYPE html><script>alert(document.cookie)</script>";
    let svg: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(8)</script></svg>";
    let files: &[File<'_>] = &[
        (EVIL_NAME, "text/html", html),
        ("picture.svg", "image/svg+xml", svg),
        ("page.pdf", "application/pdf", html),
        ("plain.txt", "text/plain", html),
        ("typed.bin", "text/html\r\nSet-Cookie: a=b", html),
    ];
    put(silo, EVIL_IDENTIFIER, "1", record, metadata.as_bytes(), files).await;
}

fn corrupt(silo: &Silo, root: &Path) {
    let folder = root.join(silo.folder(&identifier("oai:maths:broken")));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("__manifest.json"), "{\"item_id\": ").unwrap();
}

/// A manifest that nobody but a mischief-maker with access to the disk can have written.
async fn leads_outside(silo: &Silo) {
    let id = "oai:maths:outside";
    put(silo, id, "1", VersionRecord::default(), b"<dc><title>Outside</title></dc>", &[]).await;
    silo.update::<Error>(&identifier(id), None, |manifest| {
        let mut manifest = manifest.unwrap().clone();
        let records = manifest.granary.as_mut().unwrap();
        let inventory = &mut records.versions.get_mut("1").unwrap().inventory;
        let up = "../".repeat(20);
        for (name, path) in
            [("up.txt", format!("__1/{up}secret.txt")), ("root.txt", "/etc/passwd".to_owned())]
        {
            inventory.insert(name.to_owned(), Entry { path, ..Entry::default() });
        }
        Ok(Some(manifest))
    })
    .await
    .unwrap();
}

/// Stores a version with metadata and files, as the harvest does.
pub(crate) async fn put(
    silo: &Silo,
    id: &str,
    version: &str,
    record: VersionRecord,
    metadata: &[u8],
    files: &[File<'_>],
) {
    let (id, version) = (identifier(id), VersionName::named(version));
    let date = record
        .datestamp
        .clone()
        .filter(|date| date.ends_with('Z'))
        .unwrap_or_else(|| "2020-01-01T00:00:00Z".to_owned());
    let all = [("oai_dc", "text/xml", metadata)].into_iter().chain(files.iter().copied());
    let mut entries = Vec::new();
    for (name, content_type, bytes) in all {
        let safe = FileName::safe(name);
        let stored = silo.store(&id, &version, &safe, None, Bytes::copy_from_slice(bytes)).await.unwrap();
        let entry = Entry {
            path: stored.path,
            size: Some(stored.digests.size),
            sha256: Some(stored.digests.sha256),
            md5: Some(stored.digests.md5),
            content_type: Some(content_type.to_owned()),
            url: Some(format!("https://maths.example/files/{}", name.replace(' ', "%20"))),
            original_name: Some(name.to_owned()),
            found_by: Some("eprints3".to_owned()),
            fetched: Some("2021-01-01T00:00:00Z".to_owned()),
            ..Entry::default()
        };
        entries.push((safe, entry));
    }
    silo.update::<Error>(&id, None, |manifest| {
        let mut manifest = manifest.cloned().unwrap_or_else(|| Manifest::new(id.clone()));
        manifest.add_version(&version, &date, record.clone());
        for (name, entry) in &entries {
            manifest.put(&version, name, entry.clone(), name.as_str() == "oai_dc");
        }
        Ok(Some(manifest))
    })
    .await
    .unwrap();
}

pub(crate) fn identifier(text: &str) -> Identifier {
    text.parse().unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => std::fs::copy(entry.path(), to).map(drop).unwrap(),
        }
    }
}
