use std::{fmt, str::FromStr};

/// How a file was found: by the metadata format that named it, or on the landing page.
///
/// Its text ([`as_str`](Method::as_str), `Display`, `FromStr`) is kept in manifests as `found_by`, and stays
/// as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// EPrints 3 XML, `eprints3`.
    Eprints3,
    /// METS, `mets`.
    Mets,
    /// DSpace's internal format, `xoai`.
    Xoai,
    /// OAI-ORE resource maps, in Atom or RDF/XML, `ore`.
    Ore,
    /// MPEG-21 DIDL, `didl`.
    Didl,
    /// OpenAIRE Guidelines for Literature Repositories 4, `openaire`.
    Openaire,
    /// RIOXX 2 and 3, `rioxx`.
    Rioxx,
    /// JATS, `jats`.
    Jats,
    /// Links in unqualified Dublin Core that end in a file type, `oai_dc`.
    OaiDc,
    /// Links in MARC 21 XML, `marcxml`.
    Marcxml,
    /// Typed links of the landing page, or of its link set, `signposting`.
    Signposting,
    /// Meta tags of the landing page, `html_meta`.
    HtmlMeta,
    /// The address of the landing page is the file, `landing_page`.
    LandingPage,
}

impl Method {
    const ALL: [Self; 13] = [
        Self::Eprints3,
        Self::Mets,
        Self::Xoai,
        Self::Ore,
        Self::Didl,
        Self::Openaire,
        Self::Rioxx,
        Self::Jats,
        Self::OaiDc,
        Self::Marcxml,
        Self::Signposting,
        Self::HtmlMeta,
        Self::LandingPage,
    ];

    /// The name under which manifests keep it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eprints3 => "eprints3",
            Self::Mets => "mets",
            Self::Xoai => "xoai",
            Self::Ore => "ore",
            Self::Didl => "didl",
            Self::Openaire => "openaire",
            Self::Rioxx => "rioxx",
            Self::Jats => "jats",
            Self::OaiDc => "oai_dc",
            Self::Marcxml => "marcxml",
            Self::Signposting => "signposting",
            Self::HtmlMeta => "html_meta",
            Self::LandingPage => "landing_page",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == name)
            .ok_or_else(|| UnknownMethod { name: name.to_owned() })
    }
}

/// No finder has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no finder is named {name:?}")]
pub struct UnknownMethod {
    /// The name asked for.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_method_reads_back() {
        for method in Method::ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
        }
    }

    #[test]
    fn an_unknown_method_is_named_in_the_error() {
        assert_eq!("mods".parse::<Method>().unwrap_err().to_string(), "no finder is named \"mods\"");
    }
}
