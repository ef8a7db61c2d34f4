use std::{fmt, str::FromStr};

/// How a file was found: the metadata format that named it.
///
/// Its text ([`as_str`](Method::as_str), `Display`, `FromStr`) is kept in manifests as `found_by`, and stays
/// as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// EPrints 3 XML, `eprints3`.
    Eprints3,
    /// Links in unqualified Dublin Core that end in a file type, `oai_dc`.
    OaiDc,
}

impl Method {
    const ALL: [Self; 2] = [Self::Eprints3, Self::OaiDc];

    /// The name under which manifests keep it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eprints3 => "eprints3",
            Self::OaiDc => "oai_dc",
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
        assert_eq!("mets".parse::<Method>().unwrap_err().to_string(), "no finder is named \"mets\"");
    }
}
