//! `serve` shows the operator's names, color and links. No page of it shows Kakao's name, color or characters.

use kakaw_wire::Code;
use regex_lite::Regex;

use crate::client::{Answer, Client};
use crate::running::run;
use crate::site::{KEY, PASSWORD, Site, authorize};

const LANGUAGES: [&str; 4] = ["ko", "en", "ja", "zh"];

const BRAND: &str = r##"
[brand]
name = "Cacao ID"
accent = "#0064ff"
logo = "logo.svg"
messenger = "Cacao Chat"
terms = "https://example.com/terms"
privacy = "https://example.com/privacy"
support = "mailto:help@example.com"
"##;

const WORLD: &str = r#"
[[apps]]
id = 7
name = "Coffee Club"
kakao_login = true
channels = [{ id = "_ZeUTxl", name = "News" }]
service_terms = [{ tag = "use", title = "Terms", url = "https://example.com/t", required = true }]
simple_signup = { enabled = true, review_passed = true }
logout_redirect_uris = ["https://app.example/bye"]
[apps.consent_items]
account_email = { consent = "required" }
friends = { consent = "optional", permission = true }
talk_message = { consent = "optional", permission = true }
plusfriends = { consent = "optional", permission = true }
account_ci = { consent = "optional", permission = true }
[[apps.rest_api_keys]]
key = "fedcba9876543210fedcba9876543210"
redirect_uris = ["https://app.example/callback"]
[[people]]
email = "blocked@example.com"
password = "correct-horse-battery"
restricted = true
"#;

fn site() -> Site {
    let site = Site::on(None);
    std::fs::write(site.path("world.toml"), WORLD).unwrap();
    site.run(&["apply", "world.toml"]);
    let config = std::fs::read_to_string(site.path("kakaw.toml")).unwrap();
    std::fs::write(site.path("kakaw.toml"), format!("{config}{BRAND}")).unwrap();
    std::fs::write(site.path("logo.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h9v9z\"/></svg>")
        .unwrap();
    site
}

/// Returns what people read of a page: no tags, and no names on the wire.
fn read(page: &str) -> String {
    let without = |pattern: &str, text: &str| Regex::new(pattern).unwrap().replace_all(text, " ").into_owned();
    without("<[^>]*>", &without("(?s)<code>.*?</code>", page))
}

fn check(what: &str, page: &str) {
    let kakao = Regex::new("(?i)kakao|카카오|カカオ|可可|\\bryan\\b|(^|[^클])라이언|(^|[^ク])ライアン|fee500").unwrap();
    let text = read(page);
    let found = kakao.find(&text).map(|hit| hit.as_str());
    assert_eq!(found, None, "{what}: {text}");
}

#[tokio::test]
async fn no_page_of_serve_shows_names_or_colors_of_kakao() {
    let site = site();
    let server = site.serve();
    let mut seen = 0;
    for lang in LANGUAGES {
        let own = |query: &str| format!("{}{query}", authorize(KEY).replace("lang=en", &format!("lang={lang}")));
        let mut pages: Vec<(String, Answer)> = Vec::new();
        let mut browser = Client::new(&site.url);
        for url in [own("&scope=made_up"), own("").replace("callback", "x"), "/login?continue=x".to_owned()] {
            let url = if url.contains("lang=") {
                url
            } else {
                format!("{url}{}lang={lang}", if url.contains('?') { "&" } else { "?" })
            };
            pages.push((url.clone(), browser.get(&url).await.unwrap()));
        }
        let login = browser.get(&own("&prompt=login")).await.unwrap().location;
        pages.push(("log in".to_owned(), browser.get(&login).await.unwrap()));
        for code in Code::ALL {
            let url = format!("/docs/errors/{code}?lang={lang}");
            pages.push((url.clone(), browser.get(&url).await.unwrap()));
        }
        pages.push((
            "restricted".to_owned(),
            Client::new(&site.url).log_in(&own(""), "blocked@example.com", PASSWORD).await.unwrap(),
        ));
        let consent = browser.log_in(&own(""), "ryan@example.com", PASSWORD).await.unwrap();
        assert!(consent.text.contains("_ZeUTxl") && consent.text.contains("talk_message"), "{}", consent.text);
        assert!(read(&consent.text).contains("Cacao Chat"), "the messenger's name: {}", consent.text);
        pages.push(("consent".to_owned(), consent));
        pages.push(("chooser".to_owned(), browser.get(&own("&prompt=select_account")).await.unwrap()));
        let out =
            format!("/oauth/logout?client_id={KEY}&logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&lang={lang}");
        pages.push(("log out".to_owned(), browser.get(&out).await.unwrap()));
        for (what, page) in &pages {
            assert!(page.text.contains(&format!("<html lang=\"{lang}\">")), "{what}: {} {}", page.status, page.text);
            for part in [
                "Cacao ID",
                "/assets/brand/logo",
                "/assets/brand/accent.css",
                "https://example.com/terms",
                "mailto:help@example.com",
            ] {
                assert!(page.text.contains(part), "{what}: {part}: {}", page.text);
            }
            // The login id of the sample is the person's own.
            check(what, &page.text.replace("ry**@example.com", "").replace("ryan@example.com", ""));
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen}");
    for asset in ["kakaw.css", "shell.css", "consent.js", "picker.js", "icon.svg", "brand/accent.css", "brand/logo"] {
        let answer = Client::new(&site.url).get(&format!("/assets/{asset}")).await.unwrap();
        assert_eq!(answer.status, 200, "{asset}");
        check(asset, &answer.text);
    }
    Site::stop(server);
}

#[test]
fn check_and_serve_refuse_a_brand_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    for (brand, expected) in [
        ("accent = \"#ffff90\"", ":1 on white; at least 2.0:1 is needed"),
        ("accent = \"#fee500\"", "the color of the Kakao Login button"),
        ("logo = \"kakaw.toml\"", "brand.logo: kakaw.toml: it is no PNG, WebP or SVG image"),
        ("support = \"help\"", "brand.support is \"help\"; expected an https URL or mailto:ADDRESS"),
        ("terms = \"http://example.com\"", "brand.terms is \"http://example.com\"; expected an https URL"),
    ] {
        let text = format!("public_url = \"https://login.example.com\"\ndata = \"data\"\n[brand]\n{brand}\n");
        std::fs::write(folder.path().join("kakaw.toml"), text).unwrap();
        for command in ["check", "serve"] {
            let (code, out, err) = run(folder.path(), &[command, "--config", "kakaw.toml"]);
            assert!(code != Some(0) && format!("{out}{err}").contains(expected), "{command} {brand}: {out}{err}");
        }
    }
}
