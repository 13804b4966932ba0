//! Chromium and Chrome: browsers whose traffic to Kakao's hosts can be routed to a stand-in by command-line options
//! alone.

use std::path::{Path, PathBuf};

use super::Entrance;

/// Names of their programs.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// Where macOS installs them. They are not in `PATH`.
const APPLICATIONS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Whether a program is one of these browsers.
#[must_use]
pub fn is_one(program: &str) -> bool {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    NAMES.contains(&name)
}

/// Finds an installed browser.
///
/// # Errors
/// None is installed. The text says where it was looked for.
pub fn find(env: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf, String> {
    let path = env("PATH").unwrap_or_default();
    let in_path = NAMES.iter().flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    let mut all = in_path.chain(APPLICATIONS.iter().map(PathBuf::from));
    all.find(|program| program.is_file())
        .ok_or_else(|| format!("found neither Chromium nor Chrome; expected one of {} in PATH", NAMES.join(", ")))
}

/// Returns the options for a separate profile, the proxy, and the one key to trust.
#[must_use]
pub fn flags(entrance: &Entrance, profile: &Path) -> Vec<String> {
    vec![
        format!("--user-data-dir={}", profile.display()),
        format!("--proxy-server=http://{}", entrance.proxy),
        format!("--ignore-certificate-errors-spki-list={}", entrance.spki),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_in_the_path_is_found_and_otherwise_the_names_are_said() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().display().to_string();
        let env = |name: &str| (name == "PATH").then(|| format!("/nowhere:{path}"));
        if APPLICATIONS.iter().all(|program| !Path::new(program).exists()) {
            assert!(find(&env).expect_err("none").contains("google-chrome"));
        }
        std::fs::write(folder.path().join("google-chrome"), "").expect("written");
        assert_eq!(find(&env), Ok(folder.path().join("google-chrome")));
        assert!(is_one("/usr/bin/chromium") && !is_one("firefox"));
    }
}
