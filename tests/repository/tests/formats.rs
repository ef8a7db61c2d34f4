//! Each metadata format names the files that are served, with what it says of them being true.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::num::NonZeroU32;

use granary_test_repository::{Fault, Format, Landing, Names, Server, Settings};
use md5::{Digest, Md5};
use serde_json::Value;
use support::{Element, ask, elements, error_code, get, onwards, post, send, texts, token};

/// The items whose documents are public, derived, for staff and under embargo: 200 has all of them.
async fn start(format: Format) -> Server {
    let settings = Settings { items: 200, page_size: 200, format, extras: true, ..Settings::default() };
    Server::start(settings).await.unwrap()
}

/// The elements of an item's record.
async fn record(server: &Server, prefix: &str, item: u32) -> Vec<Element> {
    let arguments =
        format!("verb=GetRecord&metadataPrefix={prefix}&identifier=oai:generic.eprints.org:{item}");
    let reply = ask(server, &arguments).await;
    assert_eq!((reply.status, error_code(reply.text())), (200, None));
    elements(reply.text())
}

fn named<'a>(elements: &'a [Element], name: &str) -> Vec<&'a Element> {
    elements.iter().filter(|element| element.name == name).collect()
}

/// Checks that a URL leads to a public file of this size and digest.
async fn check(url: &str, size: Option<&str>, md5: Option<&str>) {
    let reply = get(url).await;
    assert_eq!(reply.status, 200, "{url}");
    assert!(size.is_none_or(|size| size == reply.body.len().to_string()), "{url}");
    assert!(md5.is_none_or(|md5| md5 == hex::encode(Md5::digest(&reply.body))), "{url}");
}

#[tokio::test]
async fn a_format_is_listed_beside_dublin_core_which_then_names_no_files() {
    for (format, prefix) in [
        (Format::Mets, "mets"),
        (Format::Xoai, "xoai"),
        (Format::Ore, "ore"),
        (Format::Didl, "didl"),
        (Format::Rioxx, "rioxx"),
        (Format::Openaire, "oai_openaire"),
        (Format::Jats, "jats"),
        (Format::Marcxml, "marcxml"),
    ] {
        let server = start(format).await;
        let formats = ask(&server, "verb=ListMetadataFormats").await;
        assert_eq!(texts(formats.text(), "metadataPrefix"), ["oai_dc", prefix]);
        let list = ask(&server, &format!("verb=ListRecords&metadataPrefix={prefix}")).await;
        let metadata = elements(list.text()).iter().filter(|it| it.name == "metadata").count();
        // `xoai` calls its own root so too.
        assert_eq!(metadata, if format == Format::Xoai { 400 } else { 200 });
        assert!(list.text().contains("/7/1/paper.pdf"), "{prefix}");
        let landing = texts(
            ask(&server, "verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:generic.eprints.org:7")
                .await
                .text(),
            "dc:identifier",
        );
        assert_eq!(landing, [format!("{}/7/", server.url())]);
        assert_eq!(get(&format!("{}/cgi/export/eprint/7/XML/x.xml", server.url())).await.status, 404);
    }
}

#[tokio::test]
async fn a_format_that_is_not_offered_cannot_be_had() {
    let server = start(Format::Mets).await;
    let list = ask(&server, "verb=ListRecords&metadataPrefix=ore").await;
    assert_eq!(error_code(list.text()).as_deref(), Some("cannotDisseminateFormat"));
}

#[tokio::test]
async fn mets_announces_size_and_digest() {
    let server = start(Format::Mets).await;
    let record = record(&server, "mets", 200).await;
    let groups: Vec<_> =
        named(&record, "fileGrp").iter().map(|group| group.attribute("USE").unwrap().to_owned()).collect();
    assert_eq!(groups, ["ORIGINAL", "THUMBNAIL"]);
    let (files, places) = (named(&record, "file"), named(&record, "FLocat"));
    assert_eq!(files.len(), 4, "two public, one for staff, one thumbnail");
    for (file, place) in files.iter().zip(&places).filter(|(_, place)| !url(place).ends_with("staff.pdf")) {
        assert_eq!(file.attribute("CHECKSUMTYPE"), Some("MD5"));
        check(url(place), file.attribute("SIZE"), file.attribute("CHECKSUM")).await;
    }
    let staff = places.iter().find(|place| url(place).ends_with("staff.pdf")).unwrap();
    assert_eq!(get(url(staff)).await.status, 302);
}

fn url(place: &Element) -> &str {
    place.attribute("xlink:href").unwrap()
}

#[tokio::test]
async fn xoai_announces_size_and_digest() {
    let server = start(Format::Xoai).await;
    let record = record(&server, "xoai", 200).await;
    let field = |name: &str| -> Vec<String> {
        let fields = record.iter().filter(|it| it.name == "field" && it.attribute("name") == Some(name));
        fields.map(|field| field.text.clone()).collect()
    };
    let (urls, sizes, digests) = (field("url"), field("size"), field("checksum"));
    assert_eq!((urls.len(), sizes.len(), digests.len()), (4, 4, 4));
    assert!(
        field("name").contains(&"ORIGINAL".to_owned()) && field("name").contains(&"THUMBNAIL".to_owned())
    );
    for place in (0..4).filter(|place| !urls[*place].ends_with("staff.pdf")) {
        check(&urls[place], Some(&sizes[place]), Some(&digests[place])).await;
    }
}

#[tokio::test]
async fn ore_announces_sizes_and_keeps_thumbnails_to_its_triples() {
    let server = start(Format::Ore).await;
    let record = record(&server, "ore", 200).await;
    let links = named(&record, "atom:link");
    let files: Vec<_> = links
        .iter()
        .filter(|link| link.attribute("rel") == Some("http://www.openarchives.org/ore/terms/aggregates"))
        .collect();
    assert_eq!(files.len(), 3);
    for file in files.iter().filter(|file| file.attribute("title") != Some("staff.pdf")) {
        check(file.attribute("href").unwrap(), file.attribute("length"), None).await;
    }
    let bundles: Vec<_> = named(&record, "dcterms:description").iter().map(|it| it.text.clone()).collect();
    assert_eq!(bundles, ["ORIGINAL", "ORIGINAL", "THUMBNAIL", "ORIGINAL"]);
}

#[tokio::test]
async fn didl_tells_files_from_pages_by_their_type() {
    let server = start(Format::Didl).await;
    let record = record(&server, "didl", 200).await;
    let mut kind = "";
    let mut files = Vec::new();
    for element in &record {
        match element.name.as_str() {
            "dip:ObjectType" => kind = &element.text,
            "didl:Resource" if kind == "info:eu-repo/semantics/objectFile" => {
                files.push(element.attribute("ref").unwrap());
            }
            _ => {}
        }
    }
    assert_eq!(files.len(), 2);
    for file in files {
        check(file, None, None).await;
    }
    assert!(named(&record, "dip:ObjectType").last().unwrap().text.ends_with("humanStartPage"));
}

#[tokio::test]
async fn rioxx_tells_the_day_on_which_a_file_is_open() {
    let server = start(Format::Rioxx).await;
    let record = record(&server, "rioxx", 200).await;
    let relations = named(&record, "dc:relation");
    assert_eq!(relations.len(), 3);
    for relation in &relations[..2] {
        check(&relation.text, None, None).await;
        assert!(relation.attribute("resource_exposed_date").unwrap() < "2021");
    }
    assert_eq!(relations[2].attribute("resource_exposed_date"), Some("2999-12-31"));
    assert_eq!(get(&relations[2].text).await.status, 302);
}

#[tokio::test]
async fn openaire_tells_who_may_have_a_file() {
    let server = start(Format::Openaire).await;
    let record = record(&server, "oai_openaire", 200).await;
    let files = named(&record, "oaire:file");
    let rights: Vec<_> = files
        .iter()
        .map(|file| file.attribute("accessRightsURI").unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(rights, ["c_abf2", "c_abf2", "c_16ec", "c_f1cf"]);
    for file in &files[..2] {
        check(&file.text, None, None).await;
    }
    assert!(named(&record, "datacite:date").iter().any(|it| it.attribute("dateType") == Some("Available")));
}

#[tokio::test]
async fn jats_links_to_the_pdf_and_the_supplement() {
    let server = start(Format::Jats).await;
    let record = record(&server, "jats", 200).await;
    let (pdf, supplement) = (named(&record, "self-uri")[0], named(&record, "supplementary-material")[0]);
    assert_eq!(pdf.attribute("content-type"), Some("pdf"));
    for link in [pdf, supplement] {
        check(url(link), None, None).await;
    }
}

#[tokio::test]
async fn marcxml_has_addresses_with_sizes_and_notes() {
    let server = start(Format::Marcxml).await;
    let arguments = "verb=GetRecord&metadataPrefix=marcxml&identifier=oai:generic.eprints.org:200";
    let reply = ask(&server, arguments).await;
    let text = reply.text();
    let fields: Vec<_> = text.split("<marc:datafield").filter(|it| it.contains("tag=\"856\"")).collect();
    let works = fields.iter().filter(|field| field.contains("ind1=\"4\" ind2=\"0\"")).count();
    assert_eq!((fields.len(), works), (5, 3));
    assert!(fields.iter().any(|field| field.contains("Restricted to staff")));
    let sized: Vec<_> = elements(text).into_iter().filter(|it| it.attribute("code") == Some("s")).collect();
    assert!(sized.len() == 4 && sized.iter().all(|size| size.text == "2000"));
    let urls = elements(text).into_iter().filter(|it| it.attribute("code") == Some("u"));
    check(&urls.map(|url| url.text).find(|url| url.ends_with("paper.pdf")).unwrap(), Some("2000"), None)
        .await;
}

async fn landing(landing: Landing) -> Server {
    let settings =
        Settings { items: 10, format: Format::Landing, landing, extras: true, ..Settings::default() };
    Server::start(settings).await.unwrap()
}

/// The `Link` headers of item 6 by GET, after checking that HEAD has the same.
async fn links(server: &Server) -> Vec<String> {
    let url = format!("{}/6/", server.url());
    let of = |reply: support::Reply| -> Vec<String> {
        reply.headers.into_iter().filter(|(name, _)| name == "link").map(|(_, value)| value).collect()
    };
    let (got, head) = (of(get(&url).await), of(send("HEAD", &url, &[], "").await));
    assert_eq!(got, head);
    got
}

#[tokio::test]
async fn landing_pages_have_the_meta_elements_of_their_setting() {
    for (setting, eprints, citation) in
        [(Landing::Eprints, 2, 0), (Landing::Citation, 0, 1), (Landing::Links, 0, 0), (Landing::All, 2, 1)]
    {
        let server = landing(setting).await;
        let page = get(&format!("{}/6/", server.url())).await;
        let metas = |name: &str| page.text().matches(&format!("<meta name=\"{name}\"")).count();
        assert_eq!(
            (metas("eprints.document_url"), metas("citation_pdf_url")),
            (eprints, citation),
            "{setting:?}"
        );
    }
}

#[tokio::test]
async fn link_headers_follow_signposting() {
    let server = landing(Landing::Links).await;
    let (links, url) = (links(&server).await, server.url());
    let item =
        format!("<{url}/6/1/the%20paper,%20with%20spaces.pdf>; rel=\"item\"; type=\"application/pdf\"");
    assert!(links.contains(&item), "{links:?}");
    assert!(links.contains(&format!("<{url}/id/eprint/6>; rel=\"cite-as\"")), "{links:?}");
    assert!(links.contains(&"<https://schema.org/AboutPage>; rel=\"type\"".to_owned()), "{links:?}");
    assert!(links.iter().all(|link| !link.contains("describedby")), "nothing is exported");
    let settings = Settings { items: 10, landing: Landing::Links, ..Settings::default() };
    let eprints = Server::start(settings).await.unwrap();
    let described = self::links(&eprints).await.into_iter().find(|it| it.contains("describedby")).unwrap();
    let export = described.trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert_eq!(
        get(&export).await.header("content-type"),
        Some("application/vnd.eprints.data+xml; charset=utf-8")
    );
}

#[tokio::test]
async fn a_link_set_holds_what_the_headers_would() {
    let server = landing(Landing::Linkset).await;
    let url = format!("{}/6/linkset", server.url());
    assert_eq!(
        links(&server).await,
        [format!("<{url}>; rel=\"linkset\"; type=\"application/linkset+json\"")]
    );
    let reply = get(&url).await;
    assert_eq!(reply.header("content-type"), Some("application/linkset+json"));
    let set: Value = serde_json::from_slice(&reply.body).unwrap();
    let context = &set["linkset"][0];
    assert_eq!(context["anchor"], format!("{}/6/", server.url()));
    let items = context["item"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["type"]), (2, &Value::from("application/pdf")));
    check(items[0]["href"].as_str().unwrap(), None, None).await;
    let plain = landing(Landing::Eprints).await;
    assert_eq!(get(&format!("{}/6/linkset", plain.url())).await.status, 404);
}

#[tokio::test]
async fn repeated_names_are_the_same_and_the_files_are_not() {
    let settings = Settings { items: 1, names: Names::Repeated, ..Settings::default() };
    let server = Server::start(settings).await.unwrap();
    let export = get(&format!("{}/cgi/export/eprint/1/XML/x.xml", server.url())).await;
    assert_eq!(texts(export.text(), "filename"), ["paper.pdf", "paper.pdf"]);
    let (one, two) = (server.file(1, 1), server.file(1, 2));
    assert_ne!(one, two);
    assert_eq!(get(&format!("{}/1/2/paper.pdf", server.url())).await.body, two);
}

#[tokio::test]
async fn sets_come_in_pages() {
    let sets_per_page = NonZeroU32::new(3);
    let server = Server::start(Settings { items: 1, sets_per_page, ..Settings::default() }).await.unwrap();
    let first = ask(&server, "verb=ListSets").await;
    let more = token(first.text()).unwrap();
    assert_eq!((texts(first.text(), "setSpec").len(), more.attribute("completeListSize")), (3, Some("4")));
    let last = ask(&server, &onwards("ListSets", &more.text)).await;
    assert_eq!((texts(last.text(), "setSpec").len(), token(last.text()).unwrap().text.as_str()), (1, ""));
    let beyond = ask(&server, &onwards("ListSets", &more.text.replace('3', "4"))).await;
    assert_eq!(error_code(beyond.text()).as_deref(), Some("badResumptionToken"));
}

#[tokio::test]
async fn a_fault_may_say_by_a_date_when_to_come_back() {
    let server = Server::start(Settings { items: 3, ..Settings::default() }).await.unwrap();
    server.fault("/3/1/*", Fault::UnavailableUntil { seconds: 3_600 });
    let before = std::time::SystemTime::now();
    let reply = get(&format!("{}/3/1/paper.pdf", server.url())).await;
    let until = httpdate::parse_http_date(reply.header("retry-after").unwrap()).unwrap();
    let ahead = until.duration_since(before).unwrap();
    assert_eq!(reply.status, 503);
    assert!(ahead > std::time::Duration::from_secs(3_590), "{ahead:?}");
    let control = format!("{}/_repository/fault?path=/2/1/*&kind=unavailable-until", server.url());
    assert_eq!(post(&control, "").await.status, 400, "it must say when");
    assert_eq!(post(&format!("{control}&retry-after=60"), "").await.status, 204);
    let date = get(&format!("{}/2/1/paper.pdf", server.url())).await;
    assert!(date.header("retry-after").unwrap().ends_with(" GMT"));
}

#[tokio::test]
async fn another_work_under_the_same_identifier_has_other_files() {
    let server = Server::start(Settings { items: 3, ..Settings::default() }).await.unwrap();
    let before = (server.file(3, 1), server.file(3, 2));
    server.reuse(3);
    let after = (server.file(3, 1), server.file(3, 2));
    assert!(before.0 != after.0 && before.1 != after.1);
    assert_eq!(get(&format!("{}/3/2/data.txt", server.url())).await.body, after.1);
    assert_eq!(post(&format!("{}/_repository/reuse?item=3", server.url()), "").await.status, 204);
    assert_ne!(server.file(3, 2), after.1);
    assert_eq!(post(&format!("{}/_repository/reuse?item=4", server.url()), "").await.status, 404);
}
