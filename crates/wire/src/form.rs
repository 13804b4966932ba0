//! Strict decoder for `application/x-www-form-urlencoded` text. What cannot be decoded is refused and never guessed.

/// Why a query string or a form body was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormError {
    /// A `%` is not followed by two hexadecimal digits. The value is the parameter's name as it was sent.
    Escape(String),
    /// The decoded bytes are not UTF-8.
    NotUtf8(String),
    /// The decoded text contains NUL, which no parameter of this service may contain.
    Nul(String),
}

impl FormError {
    /// Returns the name of the parameter at which decoding stopped, as it was sent.
    #[must_use]
    pub fn parameter(&self) -> &str {
        let (Self::Escape(name) | Self::NotUtf8(name) | Self::Nul(name)) = self;
        name
    }

    /// Returns what is wrong with the parameter, in technical English.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Escape(_) => "a % must be followed by two hexadecimal digits",
            Self::NotUtf8(_) => "the decoded value is not UTF-8",
            Self::Nul(_) => "the decoded value holds a NUL character",
        }
    }
}

/// A single-valued parameter that was sent more than once (RFC 6749 §3.1 forbids it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated(pub String);

/// Decoded name-value pairs, in the order in which they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Decodes a query string or a form body.
    ///
    /// # Errors
    /// The first pair that cannot be decoded.
    pub fn parse(text: &str) -> Result<Self, FormError> {
        let mut pairs = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            pairs.push((decode(name, name)?, decode(value, name)?));
        }
        Ok(Self(pairs))
    }

    /// Returns the only value of `name`, or `None` when it was not sent.
    ///
    /// # Errors
    /// [`Repeated`] when it was sent more than once.
    pub fn one<'a>(&'a self, name: &str) -> Result<Option<&'a str>, Repeated> {
        let mut values = self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() { Err(Repeated(name.to_owned())) } else { Ok(first) }
    }

    /// Returns every value of `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

fn decode(text: &str, name: &str) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |d: Option<u8>| d.and_then(|d| char::from(d).to_digit(16));
                match (digit(rest.next()), digit(rest.next())) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err(FormError::Escape(name.to_owned())),
                }
            }
            other => other,
        });
    }
    let decoded = String::from_utf8(bytes).map_err(|_| FormError::NotUtf8(name.to_owned()))?;
    if decoded.contains('\0') { Err(FormError::Nul(name.to_owned())) } else { Ok(decoded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_browsers_send() {
        let pairs = Pairs::parse("a=1+2&b=%ED%95%9C&c&&d=x%3Dy").expect("decodes");
        assert_eq!(pairs.iter().collect::<Vec<_>>(), [("a", "1 2"), ("b", "한"), ("c", ""), ("d", "x=y")]);
    }

    #[test]
    fn refuses_what_cannot_be_decoded() {
        assert_eq!(Pairs::parse("a=%zz"), Err(FormError::Escape("a".into())));
        assert_eq!(Pairs::parse("a=%2"), Err(FormError::Escape("a".into())));
        assert_eq!(Pairs::parse("a=%ff"), Err(FormError::NotUtf8("a".into())));
        assert_eq!(Pairs::parse("a=%00"), Err(FormError::Nul("a".into())));
    }

    #[test]
    fn distinguishes_one_value_from_many() {
        let pairs = Pairs::parse("a=1&b=2&a=3").expect("decodes");
        assert_eq!(pairs.one("b"), Ok(Some("2")));
        assert_eq!(pairs.one("c"), Ok(None));
        assert_eq!(pairs.one("a"), Err(Repeated("a".into())));
    }
}
