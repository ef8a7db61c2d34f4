//! Answers that do not end, or are larger than anybody should hold. They are made as they are sent, and cost the server no
//! memory.

use axum::{
    body::Body,
    http::{
        HeaderValue,
        header::{CONTENT_ENCODING, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use futures::{Stream, stream};

/// How much is sent at a time.
const BLOCK_BYTES: usize = 256 << 10;

macro_rules! floods {
    ($($flood:ident, $name:literal, $description:literal, $begins:expr, $goes_on:expr, $ends:expr;)*) => {
        /// What an answer is full of. What follows the bytes that were asked for is as good as the description says: an
        /// answer that is not said to end breaks off there.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Flood {
            $(#[doc = concat!("`", $name, "`: ", $description)] $flood,)*
        }

        impl Flood {
            /// Every flood.
            pub const ALL: &'static [Self] = &[$(Self::$flood),*];

            /// The `kind` at `/_repository/fault`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$flood => $name,)* }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(Self::$flood => $description,)* }
            }

            /// How it begins, what it goes on with, and how it ends.
            fn parts(self) -> (String, Piece, String) {
                match self { $(Self::$flood => ($begins.to_owned(), $goes_on, $ends.to_owned()),)* }
            }
        }
    };
}

/// What is sent again and again.
enum Piece {
    Same(&'static str),
    /// A text that holds its number.
    Numbered(fn(u64) -> String),
}

use Piece::{Numbered, Same};

const PAGE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <OAI-PMH xmlns=\"http://www.openarchives.org/OAI/2.0/\"><responseDate>2021-01-01T00:00:00Z</responseDate>\
    <request>http://flood.invalid/</request>";
const HEADER: &str = "<header><identifier>oai:generic.eprints.org:1</identifier>\
    <datestamp>2010-01-02T00:00:00Z</datestamp>";
const DC: &str = "<oai_dc:dc xmlns:oai_dc=\"http://www.openarchives.org/OAI/2.0/oai_dc/\" \
    xmlns:dc=\"http://purl.org/dc/elements/1.1/\">";
const END_OF_DC: &str = "</oai_dc:dc></metadata></record></ListRecords></OAI-PMH>\n";

/// The beginning of a list whose first record has come to its metadata.
fn metadata() -> String {
    format!("{PAGE}<ListRecords><record>{HEADER}</header><metadata>{DC}")
}

fn identifier(number: u64) -> String {
    format!("oai:generic.eprints.org:{}", number + 1)
}

floods! {
    EndlessRecord, "endless-record", "A record of text that does not end.",
        metadata() + "<dc:title>", Same("lorem ipsum "), "";
    EndlessRecords, "endless-records", "Small records, one after the other, each of another item, in a page that does not end.",
        format!("{PAGE}<ListRecords>"), Numbered(|number| format!(
            "<record><header><identifier>{}</identifier><datestamp>2010-01-02T00:00:00Z</datestamp></header>\
             <metadata>{DC}<dc:title>{number}</dc:title></oai_dc:dc></metadata></record>", identifier(number)
        )), "";
    LargeRecords, "large-records", "Records of fifteen megabytes, each of another item, in a page that does not end.",
        format!("{PAGE}<ListRecords>"), Numbered(|number| format!(
            "<record><header><identifier>{}</identifier><datestamp>2010-01-02T00:00:00Z</datestamp></header>\
             <metadata>{DC}<dc:title>{}</dc:title></oai_dc:dc></metadata></record>",
            identifier(number), "lorem ipsum ".repeat(15_000_000 / 12)
        )), "";
    EndlessDeletions, "endless-deletions", "Records of deleted items, each of another one, in a page that does not end.",
        format!("{PAGE}<ListRecords>"), Numbered(|number| format!(
            "<record><header status=\"deleted\"><identifier>{}</identifier>\
             <datestamp>2010-01-02T00:00:00Z</datestamp></header></record>", identifier(number)
        )), "";
    EndlessBrokenRecords, "endless-broken-records", "Records without identifiers, in a page that does not end.",
        format!("{PAGE}<ListRecords>"), Same("<record><header/></record>"), "";
    EndlessHeaders, "endless-headers", "Headers, each of another item, in a page of ListIdentifiers that does not end.",
        format!("{PAGE}<ListIdentifiers>"), Numbered(|number| format!(
            "<header><identifier>{}</identifier><datestamp>2010-01-02T00:00:00Z</datestamp></header>", identifier(number)
        )), "";
    HugeRecord, "huge-record", "A list of one record, which is as large as asked for.",
        metadata() + "<dc:title>", Same("lorem ipsum "), format!("</dc:title>{END_OF_DC}");
    HugeAttribute, "huge-attribute", "A list of one record, with an attribute that is as large as asked for.",
        metadata() + "<dc:title lang='", Same("x"), format!("'/>{END_OF_DC}");
    HugeName, "huge-name", "A list of one record, with an element whose name is as long as asked for.",
        metadata() + "<", Same("x"), format!("/>{END_OF_DC}");
    DeepNesting, "deep-nesting", "A record with elements in elements, which do not end.",
        metadata(), Same("<a>"), "";
    ManySets, "many-sets", "A list of one record, which is in another set every 30 bytes.",
        format!("{PAGE}<ListRecords><record>{HEADER}"), Numbered(|number| format!("<setSpec>{number:011}</setSpec>")),
        format!("</header><metadata>{DC}{END_OF_DC}");
    ManyFiles, "many-files", "A list of one record, which names another file every 65 bytes.",
        metadata(), Numbered(|number| format!("<dc:identifier>http://flood.invalid/{number:09}.pdf</dc:identifier>")),
        END_OF_DC;
    LongFileName, "long-file-name", "A list of one record, which names a file whose name is as long as asked for.",
        metadata() + "<dc:identifier>http://flood.invalid/", Same("x"), format!(".pdf</dc:identifier>{END_OF_DC}");
    HugeToken, "huge-token", "A list of one deleted record, with a token that is as long as asked for.",
        format!("{PAGE}<ListRecords><record><header status=\"deleted\">{}</header></record><resumptionToken>",
            HEADER.trim_start_matches("<header>")),
        Same("x"), "</resumptionToken></ListRecords></OAI-PMH>\n";
    HugeIdentify, "huge-identify", "An answer to Identify with e-mail addresses that do not end.",
        format!("{PAGE}<Identify><repositoryName>Flood</repositoryName>"),
        Same("<adminEmail>flood@flood.invalid</adminEmail>"), "";
    EndlessFormats, "endless-formats", "An answer to ListMetadataFormats that does not end.",
        format!("{PAGE}<ListMetadataFormats>"),
        Numbered(|number| format!("<metadataFormat><metadataPrefix>f{number}</metadataPrefix></metadataFormat>")), "";
    EndlessSets, "endless-sets", "An answer to ListSets that does not end.",
        format!("{PAGE}<ListSets>"), Numbered(|number| format!("<set><setSpec>s{number}</setSpec></set>")), "";
    Zeros, "zeros", "Bytes of zero, as many as asked for.", "", Same("\0"), "";
}

/// How a flood is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// As gzip, whatever the client takes: it makes a thousandth of what is the same again and again.
    Gzip,
}

/// The answer: about so many bytes, before they are packed.
pub(crate) fn answer(flood: Flood, bytes: u64, packing: Packing) -> Response {
    let media_type =
        if flood == Flood::Zeros { "application/octet-stream" } else { "text/xml; charset=utf-8" };
    let body = match packing {
        Packing::Plain => Body::from_stream(plain(flood, bytes)),
        Packing::Gzip => Body::from_stream(packed(flood, bytes)),
    };
    let mut response = ([(CONTENT_TYPE, media_type)], body).into_response();
    if packing == Packing::Gzip {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// A page of a list that never ends: one deleted record, another one on each page, and a token that leads to the next.
pub(crate) fn page_of_endless_list(verb: &str, token: Option<&str>) -> Response {
    let number: u64 = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let header = format!(
        "<header status=\"deleted\"><identifier>{}</identifier><datestamp>2010-01-02T00:00:00Z</datestamp></header>",
        identifier(number)
    );
    let entry = if verb == "ListRecords" { format!("<record>{header}</record>") } else { header };
    let next = format!("<resumptionToken>{}</resumptionToken>", number + 1);
    let page = format!("{PAGE}<{verb}>{entry}{next}</{verb}></OAI-PMH>\n");
    ([(CONTENT_TYPE, "text/xml; charset=utf-8")], page).into_response()
}

type Block = Result<Bytes, std::io::Error>;

/// The blocks of a flood. Those that are alike are one.
fn blocks(flood: Flood, bytes: u64) -> impl Iterator<Item = Bytes> {
    let (begins, piece, ends) = flood.parts();
    let (mut left, mut number) = (bytes, 0);
    let mut same = Bytes::new();
    let middle = std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        let block = match piece {
            Same(text) => {
                if same.is_empty() {
                    same = Bytes::from(text.repeat(BLOCK_BYTES / text.len()));
                }
                same.slice(..same.len().min(usize::try_from(left).unwrap_or(usize::MAX)))
            }
            Numbered(text) => {
                let mut block = String::new();
                while block.len() < BLOCK_BYTES && (block.len() as u64) < left {
                    block.push_str(&text(number));
                    number += 1;
                }
                Bytes::from(block)
            }
        };
        left = left.saturating_sub(block.len() as u64);
        Some(block)
    });
    [Bytes::from(begins)]
        .into_iter()
        .chain(middle)
        .chain([Bytes::from(ends)])
        .filter(|block| !block.is_empty())
}

fn plain(flood: Flood, bytes: u64) -> impl Stream<Item = Block> {
    stream::iter(blocks(flood, bytes).map(Ok))
}

/// As gzip (RFC 1952). A block that comes again is compressed once.
fn packed(flood: Flood, bytes: u64) -> impl Stream<Item = Block> {
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut whole = Crc::new();
    let mut last = (Bytes::new(), Bytes::new(), Crc::new());
    let mut blocks = blocks(flood, bytes);
    let mut ended = false;
    let rest = std::iter::from_fn(move || {
        let Some(block) = blocks.next() else {
            // An empty block that says that it is the last one, the checksum and the length.
            let trailer = [&[3, 0][..], &whole.sum().to_le_bytes(), &whole.amount().to_le_bytes()].concat();
            return (!std::mem::replace(&mut ended, true)).then(|| Bytes::from(trailer));
        };
        if last.0 != block {
            let mut crc = Crc::new();
            crc.update(&block);
            last = (block.clone(), deflated(&block), crc);
        }
        whole.combine(&last.2);
        Some(last.1.clone())
    });
    stream::iter([Bytes::copy_from_slice(&head)].into_iter().chain(rest).map(Ok))
}

/// A block by itself: nothing in it points back beyond its beginning, and it ends at a whole byte.
fn deflated(block: &[u8]) -> Bytes {
    let mut compress = Compress::new(Compression::default(), false);
    let mut packed = Vec::with_capacity(block.len() + 64);
    let status = compress.compress_vec(block, &mut packed, FlushCompress::Full);
    assert!(
        matches!(status, Ok(Status::Ok)) && compress.total_in() == block.len() as u64,
        "there is room for it"
    );
    Bytes::from(packed)
}
