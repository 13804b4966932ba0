//! What an operator's pages show of the operator: name, logo, accent color and links.

mod accent;
mod logo;

use kakaw_core::crypto::secret;

pub use accent::{Accent, Rgb};
pub use logo::Logo;

use crate::pages::words::Words;

/// The operator's name, logo, accent color and links. Left out, the pages show Kakaw's own.
#[derive(Debug, Clone, Default)]
pub struct Brand {
    pub name: Option<String>,
    pub logo: Option<Logo>,
    pub accent: Option<Accent>,
    pub terms: Option<String>,
    pub privacy: Option<String>,
    /// Where people get help.
    pub support: Option<String>,
    /// Whether texts have the operator's names in place of Kakao's.
    pub own_names: bool,
    /// The name of the messenger whose messages and channels apps use.
    pub messenger: Option<String>,
}

impl Brand {
    /// The name that pages show.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("Kakaw")
    }

    /// Returns a text with the operator's names for the messenger and the platform in place of Kakao's. What stands
    /// between backticks is a name on the wire and stays.
    #[must_use]
    pub fn in_own_words(&self, text: &str, words: &Words) -> String {
        if !self.own_names {
            return text.to_owned();
        }
        let messenger = self.messenger.as_deref().unwrap_or_else(|| words.t("messenger"));
        let own = [("kakao_messenger", messenger), ("kakao_login", self.name()), ("kakao_company", self.name())];
        let replaced = |run: &str| own.iter().fold(run.to_owned(), |run, (key, name)| run.replace(words.t(key), name));
        let runs = text.split('`').enumerate();
        let runs = runs.map(|(index, run)| if index % 2 == 1 { run.to_owned() } else { replaced(run) });
        let text = runs.collect::<Vec<_>>().join("`");
        let mut characters = text.chars();
        // A text that began with a capital letter still does.
        characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
    }

    /// The path of the logo. It changes with the file, so that browsers load the new one.
    #[must_use]
    pub fn logo_path(&self) -> Option<String> {
        let logo = self.logo.as_ref()?;
        Some(format!("/assets/brand/logo?{}", short(&hex(&logo.bytes))))
    }

    /// The path of the style sheet with the accent color.
    #[must_use]
    pub fn sheet_path(&self) -> Option<String> {
        let accent = self.accent.as_ref()?;
        Some(format!("/assets/brand/accent.css?{}", short(&secret::hash(&accent.sheet()))))
    }
}

fn hex(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    secret::hash(&text)
}

/// Enough of a hash to tell one version of a file from the next.
fn short(hash: &str) -> String {
    hash.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}
