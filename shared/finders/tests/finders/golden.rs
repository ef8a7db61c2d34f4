//! Real metadata: exports of EPrints 3.0 to 3.3, and records of OAI-PMH responses. They are other people's and not part
//! of this repository: the folder that holds them is named by `GRANARY_GOLDEN`, and without it these tests say so and
//! check nothing.

use std::{env, fs, path::PathBuf};

use granary_finders::{Method, is_eprints3};
use percent_encoding::percent_decode_str;

use crate::common::{landing_page, lines, try_find};

fn golden(path: &str) -> Option<Vec<u8>> {
    let Some(folder) = env::var_os("GRANARY_GOLDEN") else {
        eprintln!("not run: GRANARY_GOLDEN does not name the folder that holds {path}");
        return None;
    };
    Some(fs::read(PathBuf::from(folder).join(path)).unwrap())
}

/// The files of an export, as a table, see [`crate::common::line`]; every URL must end in its file's name.
fn check(file: &str, identifier: &str, table: &str) {
    let Some(metadata) = golden(&format!("eprints/{file}")) else { return };
    assert!(is_eprints3(&metadata));
    let found = try_find(identifier, &metadata).unwrap();
    let table: Vec<_> = table.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines(&found), table, "{file}");
    assert_eq!((found.method, found.problems), (Some(Method::Eprints3), vec![]), "{file}");
    for file in found.files {
        let url = percent_decode_str(&file.url).decode_utf8().unwrap();
        assert!(url.starts_with("http") && url.ends_with(&format!("/{}", file.name)), "{file:?}");
    }
}

#[test]
fn files_of_one_name_are_told_apart_and_internal_ones_are_restricted() {
    check(
        "caltech-106567-internal-same-name.xml",
        "oai:authors.library.caltech.edu:106567",
        "open 3573459 8e4d3d63d119669fde1e503dd6f48f67 application/pdf 2009.09100.pdf
        derived 6198 9ab1207f5b70d715d36607eea961a85a text/x-pascal indexcodes.txt
        open 3598583 6380bce0086dd1542189a9487ecba3df application/pdf 09319250.pdf
        derived 6923 c39a186ad41f7b38141923b03210a52c text/x-pascal indexcodes.txt
        restricted(internal) 1327772 b69b0000102c48ccd1ff280b828a423f application/pdf 09319250.pdf
        derived 7463 5034e9d6e04e759a0623c73aa360b3c9 text/plain indexcodes.txt",
    );
}

#[test]
fn a_preview_and_index_codes_are_derived() {
    check(
        "caltech-1129-preview.xml",
        "oai:authors.library.caltech.edu:1129",
        "open 1500541 - application/pdf MOSbmcn03.pdf
        derived 56654 dda5dd23020845785a2fa28fe70c44df image/png preview.png
        derived 17188 53ad1d0f68fe4f8cd0034a1faa7f4616 text/plain indexcodes.txt",
    );
}

#[test]
fn an_eprint_is_picked_out_of_a_list_of_four() {
    let file = "caltech-4-eprints2bags.xml";
    check(file, "oai:authors.library.caltech.edu:4", "open 2725896 - application/pdf WUT013.pdf");
    check(file, "oai:authors.library.caltech.edu:6", "open 2620228 - application/pdf NGS031.pdf");
    check(
        file,
        "oai:authors.library.caltech.edu:9",
        "open 580041 - application/pdf 1_Tsien_H_1950.pdf
        restricted(internal) 4618520 - image/tiff 1_Tsien_H_1950.tif",
    );
    check(file, "oai:authors.library.caltech.edu:11", "open 896704 - application/pdf WAN207.pdf");

    let Some(metadata) = golden(&format!("eprints/{file}")) else { return };
    let found = try_find("oai:authors.library.caltech.edu:5", &metadata).unwrap();
    assert_eq!((found.files.len(), found.problems.len()), (0, 1));
}

#[test]
fn names_may_hold_ampersands() {
    check(
        "lemurprints-8-ampersand-names.xml",
        "oai:labnotes.library.example.edu:8",
        "open 24829628 - application/pdf Millikan_2.pdf
        open 5190950 - application/pdf Millikan_2A_b&w.pdf
        open 5337658 - application/pdf Millikan_2B_b&w.pdf
        open 5230388 - application/pdf Millikan_2C_b&w.pdf
        derived 1955 8a65db844400edf223592e8af6e716b6 text/plain indexcodes.txt
        derived 1965 b54d3d6d7f44803b3efa54a4c1de5da4 text/plain indexcodes.txt
        derived 1965 02bd8cfe60c897a2f4dd935ef61ea40a text/plain indexcodes.txt
        derived 1965 4e05b437f2f6bb643a941915e86064dc text/plain indexcodes.txt",
    );
}

#[test]
fn names_may_hold_spaces_and_thumbnails_are_derived() {
    check(
        "lemurprints-8599-thumbnails-zip.xml",
        "oai:lemurprints.example.edu:8599",
        "derived 18216 facff3e48cd2c02c7d412ad9df10ca13 text/plain indexcodes.txt
        restricted(internal) 85645145 0580f81fe2707a65a825d9d63cbf701e application/x-zip Call 1915.zip
        open 11558728 873d9b50ff3c4e06e2b30dfc86640e3f application/pdf Call 1915.pdf
        derived 17464 ccfbece7f4efc86dbfcdf34669944a3b image/png lightbox.jpg
        derived 21192 ba0803a7827e1d4cb1707129cbe8e7af image/png preview.png
        derived 4295 b032d7e38f669ed4dc35b328ec43353f image/png medium.jpg
        derived 1094 a0acccf240b91e7f6af01d268f0eda27 image/png small.jpg",
    );
}

#[test]
fn an_eprint_may_have_no_documents_and_no_number() {
    check("import-api-8-no-documents.xml", "oai:lemurprints.example.edu:8", "");
}

#[test]
fn eprints_3_2_with_elements_that_do_not_belong_there() {
    check(
        "eprints-3.2-test-yomiko-100.xml",
        "oai:yomiko.ecs.soton.ac.uk:100",
        "derived 103 a39762b923e9d4b815eabda0e344f53a text/plain indexcodes.txt
        derived 9227 0f66da4ed2a17be8c3e9fea227bf8137 image/jpeg preview.jpg
        open 12174 8628e41b6818f896a8e011d9ac31aae1 application/pdf paper.pdf",
    );
}

#[test]
fn eprints_3_0_has_no_namespace_on_its_root() {
    check(
        "eprints-3.0-wiki-demoprints.xml",
        "oai:demoprints3.eprints.org:5",
        "open 12174 - application/pdf paper.pdf",
    );
}

#[test]
fn eprints_before_3_0_has_another_namespace() {
    check(
        "eprints-3.0-files3-validuser.xml",
        "oai:files3.eprints.org:1",
        "restricted(validuser) 3515 - - versions.txt",
    );
}

#[test]
fn an_embargo_and_a_document_of_several_files() {
    check(
        "synthetic-restricted-embargo.xml",
        "oai:eprints.example.org:4242",
        "embargoed(2030-01-01) 1048576 0cc175b9c0f1b6a831c399e269772661 application/pdf thesis.pdf
        open 2048 92eb5ffee6ae2fec3ad71c777531578f text/html index.html
        open 4096 4a8a08f09d37b73795649038408b5f33 image/png images/fig 1.png",
    );
}

/// The metadata of the first record of an OAI-PMH response; a file without an envelope is metadata as a whole.
fn first_metadata(response: &[u8]) -> &[u8] {
    let text = str::from_utf8(response).unwrap();
    let inside = text.split_once("<OAI-PMH").and_then(|(_, response)| response.split_once("<metadata>"));
    inside.map_or(text, |(_, metadata)| metadata.split_once("</metadata>").unwrap().0).as_bytes()
}

/// The files of the first record of a response, as a table, and its landing page.
fn check_record(file: &str, method: Option<Method>, page: Option<&str>, table: &str) {
    let Some(response) = golden(&format!("oai/{file}")) else { return };
    let found = try_find("oai:x.org:7", first_metadata(&response)).unwrap();
    let table: Vec<_> = table.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines(&found), table, "{file}");
    assert_eq!((found.method, landing_page(&found), &found.problems), (method, page, &vec![]), "{file}");
}

#[test]
fn mets_of_a_digitised_book_in_dspace_with_mets_in_mets() {
    check_record(
        "halle-dspace-mets-getrecord.xml",
        Some(Method::Mets),
        Some("https://opendata.uni-halle.de//handle/1981185920/34265"),
        "open - - image/jpeg 00000001.jpg
        open - - image/jpeg 00000002.jpg
        open - - image/jpeg 00000003.jpg
        open - - image/jpeg 00000004.jpg
        open - - image/jpeg 00000005.jpg
        open - - image/jpeg 00000006.jpg
        open - - image/jpeg 00000007.jpg
        open - - image/jpeg 00000008.jpg
        open - - image/jpeg 00000009.jpg
        open - - image/jpeg 00000010.jpg
        open - - image/jpeg 00000011.jpg
        open - - application/pdf 31820097X.pdf
        derived - - image/jpeg 00000001.jpg.jpg
        derived - - image/jpeg 00000002.jpg.jpg
        derived - - image/jpeg 00000003.jpg.jpg
        derived - - image/jpeg 00000004.jpg.jpg
        derived - - image/jpeg 00000005.jpg.jpg
        derived - - image/jpeg 00000006.jpg.jpg
        derived - - image/jpeg 00000007.jpg.jpg
        derived - - image/jpeg 00000008.jpg.jpg
        derived - - image/jpeg 00000009.jpg.jpg
        derived - - image/jpeg 00000010.jpg.jpg
        derived - - image/jpeg 00000011.jpg.jpg
        derived - - image/jpeg 00000001.jpg.jpg
        derived - - image/jpeg 00000002.jpg.jpg
        derived - - image/jpeg 00000003.jpg.jpg
        derived - - image/jpeg 00000004.jpg.jpg
        derived - - image/jpeg 00000005.jpg.jpg
        derived - - image/jpeg 00000006.jpg.jpg
        derived - - image/jpeg 00000007.jpg.jpg
        derived - - image/jpeg 00000008.jpg.jpg
        derived - - image/jpeg 00000009.jpg.jpg
        derived - - image/jpeg 00000010.jpg.jpg
        derived - - image/jpeg 00000011.jpg.jpg",
    );
}

#[test]
fn mets_of_visual_library_has_each_page_in_four_sizes() {
    let pages = |availability: &str| {
        ["737434", "737436", "737437", "737438"]
            .map(|page| format!("{availability} - - image/jpeg {page}"))
            .join("\n")
    };
    let (smaller, largest) = (pages("derived"), pages("open"));
    check_record(
        "halle-vls-mets-mods-getrecord.xml",
        Some(Method::Mets),
        Some("http://digital.bibliothek.uni-halle.de/hd/id/737429"),
        &format!("open 1156208 - application/pdf 737429\n{smaller}\n{smaller}\n{smaller}\n{largest}"),
    );
}

#[test]
fn xoai_with_the_deposit_licence() {
    check_record(
        "dspace-xoai-metadata-bundles.xml",
        Some(Method::Xoai),
        Some("http://hdl.handle.net/123456789/3"),
        "open 449025 de2290628b85b17abdf829d121793c77 application/pdf 10.1.1.13.814.pdf
        derived 1748 8a4605be74aa9ea9d79846c1fba20a33 text/plain; charset=utf-8 license.txt",
    );
}

#[test]
fn ore_of_dspace_with_the_licence_and_the_text() {
    check_record(
        "ideals-dspace-ore-metadata.xml",
        Some(Method::Ore),
        Some("http://hdl.handle.net/2142/14"),
        "open 695969 - application/pdf Theater_Missile_Defense.pdf
        derived - - - license.txt
        derived - - - Theater_Missile_Defense.pdf.txt",
    );
}

#[test]
fn didl_of_a_dutch_repository_without_a_file() {
    let page = Some("http://hdl.handle.net/20.500.12470/2372");
    check_record("hbo-didl-metadata.xml", Some(Method::Didl), page, "");
}

#[test]
fn jats_of_janeway_leads_to_the_landing_page() {
    let page = Some("http://testserver/article/id/1/");
    check_record("janeway-listrecords-jats.xml", Some(Method::Jats), page, "");
}

#[test]
fn marc_of_cds_has_the_size_of_the_file() {
    check_record(
        "cds-marcxml-getrecord.xml",
        Some(Method::Marcxml),
        Some("http://cds.cern.ch/record/2652830"),
        "open 330061 - - ATL-PHYS-PROC-2019-010.pdf",
    );
    check_record("invenio-inspire-listrecords.xml", Some(Method::Marcxml), None, "");
}

#[test]
fn dublin_core_of_many_repositories_has_a_landing_page_only() {
    for (file, page) in [
        ("sickle-getrecord-utf8.xml", Some("http://test.example.com/publication/1996652")),
        ("bnf-root-namespaces-ark.xml", Some("http://gallica.bnf.fr/ark:/12148/bpt6k5440618t")),
        ("pyoai-dspace-2003-listrecords.xml", Some("http://hdl.handle.net/1765/308")),
        ("ojs-cdata.xml", None),
    ] {
        check_record(file, Some(Method::OaiDc), page, "");
    }
}

#[test]
fn formats_without_a_finder_are_no_error() {
    for file in ["invenio-arxiv-no-namespace.xml", "pos-identifier-with-space.xml"] {
        check_record(file, None, None, "");
    }
}
