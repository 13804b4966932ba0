//! `[brand]`: what pages show of the operator.

use std::path::PathBuf;

use kakaw_core::validate::{text, url};
use kakaw_platform::brand::{Accent, Brand as Shown, Logo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Mode;

/// `[brand]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// The operator's name, at most 30 characters. Every page shows it in place of Kakaw's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// File with the operator's logo: PNG, WebP or SVG, at most 64 KiB. Pages show it 28 pixels high. An SVG must not have
    /// scripts, styles or references to other files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<PathBuf>,
    /// The color of buttons and links, as `#rrggbb`. Its shades for light and dark pages are computed so that text has a
    /// contrast of 4.5:1. A color with less than 2:1 on white is refused, and so is the yellow of the Kakao Login button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// The https URL of the terms of the account service. Every page links to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
    /// The https URL of the privacy policy. Every page links to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<String>,
    /// Where people get help: an https URL or `mailto:ADDRESS`. Every page links to it, and error pages ask people to quote
    /// the number of their request there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support: Option<String>,
    /// The name of the messenger whose messages and channels apps can use, at most 30 characters. Pages of `serve` say
    /// "messenger" without it; those of `dev` have Kakao's names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messenger: Option<String>,
}

impl Brand {
    /// Returns the same for pages. Reads the logo.
    ///
    /// # Errors
    /// The accent color or the logo cannot be used.
    pub fn read(&self, mode: Mode) -> Result<Shown, String> {
        let logo = self.logo.as_deref().map(Logo::read).transpose().map_err(|why| format!("brand.logo: {why}"))?;
        let accent =
            self.accent.as_deref().map(Accent::of).transpose().map_err(|why| format!("brand.accent: {why}"))?;
        Ok(Shown {
            name: self.name.clone(),
            logo,
            accent,
            terms: self.terms.clone(),
            privacy: self.privacy.clone(),
            support: self.support.clone(),
            own_names: mode == Mode::Serve,
            messenger: self.messenger.clone(),
        })
    }

    /// Returns what is wrong, each with the name of its setting.
    pub(super) fn impossible(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        for (key, name) in [("brand.name", &self.name), ("brand.messenger", &self.messenger)] {
            if let Some(name) = name.as_deref().filter(|name| !text::fits(name, 30)) {
                problems.push((key, format!("{key} is {name:?}; expected 1 to 30 characters")));
            }
        }
        if let Some(why) = self.accent.as_deref().and_then(|accent| Accent::of(accent).err()) {
            problems.push(("brand.accent", format!("brand.accent: {why}")));
        }
        for (key, link) in [("brand.terms", &self.terms), ("brand.privacy", &self.privacy)] {
            if let Some(link) = link.as_deref().filter(|link| !is_https(link)) {
                problems.push((key, format!("{key} is {link:?}; expected an https URL")));
            }
        }
        if let Some(link) = self.support.as_deref().filter(|link| !is_https(link) && !is_mail(link)) {
            let expected = "expected an https URL or mailto:ADDRESS";
            problems.push(("brand.support", format!("brand.support is {link:?}; {expected}")));
        }
        problems
    }
}

fn is_https(text: &str) -> bool {
    text.starts_with("https://") && url::redirect(text).is_none()
}

fn is_mail(text: &str) -> bool {
    let address = text.strip_prefix("mailto:").filter(|rest| rest.bytes().all(|byte| byte.is_ascii_graphic()));
    address.and_then(|rest| rest.split_once('@')).is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_setting_is_named_with_what_is_expected() {
        let brand = Brand {
            name: Some("x".repeat(31)),
            logo: None,
            accent: Some("#ffff80".to_owned()),
            terms: Some("http://example.com/terms".to_owned()),
            privacy: Some("https://example.com/privacy".to_owned()),
            support: Some("javascript:alert(1)".to_owned()),
            messenger: None,
        };
        let problems = brand.impossible();
        let keys: Vec<&str> = problems.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["brand.name", "brand.accent", "brand.terms", "brand.support"]);
        assert!(problems[1].1.contains(":1 on white; at least 2.0:1 is needed"), "{}", problems[1].1);
        let right = Brand {
            name: Some("카페 계정".to_owned()),
            accent: Some("#0064ff".to_owned()),
            support: Some("mailto:help@example.com".to_owned()),
            ..Brand::default()
        };
        assert_eq!(right.impossible(), []);
    }

    #[test]
    fn a_logo_that_is_missing_or_no_image_is_named() {
        let of = |path: &str| Brand { logo: Some(path.into()), ..Brand::default() }.read(Mode::Serve).unwrap_err();
        assert!(of("nowhere.svg").starts_with("brand.logo: cannot read nowhere.svg"), "{}", of("nowhere.svg"));
        assert_eq!(of("Cargo.toml"), "brand.logo: Cargo.toml: it is no PNG, WebP or SVG image");
    }
}
