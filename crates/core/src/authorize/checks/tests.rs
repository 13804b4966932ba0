use kakaw_wire::form::Pairs;
use proptest::prelude::*;

use super::*;
use crate::app::{AppSettings, Channel, Consent, KeySettings};
use crate::policy::Overrides;
use crate::samples::{self, key};

const GOOD: &str = "client_id=k&redirect_uri=https%3A%2F%2Fa.example%2F&response_type=code";

fn app() -> App {
    let mut app = samples::app(&[(Item::ProfileNickname, Consent::Optional), (Item::AccountEmail, Consent::Optional)]);
    app.settings.consent_items.entry(Item::AccountEmail).and_modify(|item| item.permission = false);
    app.settings.channels = vec![Channel { id: "_a".to_owned(), name: "A".to_owned() }];
    app
}

fn code(query: &str, app: &App, key: &AppKey, policy: &Policy) -> Option<Code> {
    let parameters = Parameters::parse(&Pairs::parse(query).expect("decodes")).expect("good form");
    Request::check(&parameters, Some((app, key)), policy).err().map(|refusal| refusal.problem.code())
}

/// Starts with every value wrong and corrects one after the other: the codes follow the contract's order.
#[test]
fn the_first_wrong_thing_is_answered() {
    let mut settings = AppSettings { kakao_login: false, ..app().settings };
    let mut key = key(KeyKind::Admin);
    key.settings.android = vec![crate::app::AndroidApp { package: "a".to_owned(), key_hashes: vec!["h".to_owned()] }];
    let mut query = "client_id=k&redirect_uri=https%3A%2F%2Fevil.example%2F&response_type=x&scope=x\
                     &channel_public_id=x&agreement_code=x&ka=os%2Fandroid-1%20android_pkg%2Fx%20origin%2Fx%3D"
        .to_owned();
    let parameters = Parameters::parse(&Pairs::parse(&query).expect("decodes")).expect("good form");
    let unknown = Request::check(&parameters, None, &Policy::SERVE).expect_err("no key");
    assert_eq!(unknown.problem.code(), Code::KOE101);
    let mut answered = Vec::new();
    for _ in 0..CHECKS.len() {
        let app = App { settings: settings.clone(), ..app() };
        let Some(code) = code(&query, &app, &key, &Policy::SERVE) else { break };
        answered.push(code);
        match code {
            Code::KOE008 => key.kind = KeyKind::Native,
            Code::KOE004 => settings.kakao_login = true,
            Code::KOE006 => query = query.replace("evil", "a"),
            Code::KOE009 => query = query.replace("&ka=", "&kb="),
            Code::KOE201 => query = query.replace("response_type=x", "response_type=code"),
            Code::KOE205 => query = query.replace("scope=x", "scope=profile_nickname"),
            Code::KOE102 => query = query.replace("channel_public_id=x", "channel_public_id=_a"),
            _ => query = query.replace("agreement_code", "agreement"),
        }
    }
    let contract: Vec<Code> = CHECKS.iter().map(|(codes, _)| codes[0]).collect();
    assert_eq!(answered, contract);
    assert_eq!(code(&query, &App { settings, ..app() }, &key, &Policy::SERVE), None, "all is put right");
}

#[test]
fn each_check_by_itself() {
    let (rest, script) = (key(KeyKind::RestApi), key(KeyKind::Javascript));
    let sync = AppKey { settings: KeySettings { code_polling: true, ..KeySettings::default() }, ..script.clone() };
    let to = |uri: &str| format!("client_id=k&response_type=code&redirect_uri={uri}");
    for (query, key, policy, expected) in [
        (GOOD.to_owned(), &rest, &Policy::SERVE, None),
        (to("https%3A%2F%2Fa.example"), &rest, &Policy::DEV, Some(Code::KOE006)),
        (to("HTTPS%3A%2F%2Fa.example%2F"), &rest, &Policy::DEV, Some(Code::KOE006)),
        (to("JS-SDK"), &rest, &Policy::DEV, Some(Code::KOE006)),
        (to("JS-SDK"), &script, &Policy::DEV, None),
        (to("JS-SDK"), &script, &Policy::SERVE, Some(Code::KOE006)),
        (to("JS-SDK"), &sync, &Policy::SERVE, None),
        (GOOD.replace("=code", "=token"), &rest, &Policy::DEV, Some(Code::KOE202)),
        (GOOD.replace("=code", "=code%20id_token"), &rest, &Policy::DEV, Some(Code::KOE201)),
        (format!("{GOOD}&scope=profile_nickname"), &rest, &Policy::DEV, None),
        (format!("{GOOD}&scope=profile_nickname,openid"), &rest, &Policy::DEV, Some(Code::KOE205)),
        (format!("{GOOD}&scope=account_email"), &rest, &Policy::DEV, Some(Code::KOE205)),
        (format!("{GOOD}&channel_public_id=_a"), &rest, &Policy::DEV, None),
        (format!("{GOOD}&channel_public_id=_a,_b"), &rest, &Policy::DEV, Some(Code::KOE102)),
    ] {
        assert_eq!(code(&query, &app(), key, policy), expected, "{query}");
    }
}

#[test]
fn openid_follows_the_app_and_scope() {
    let key = key(KeyKind::RestApi);
    let app = |oidc| App { settings: AppSettings { oidc, ..app().settings }, ..app() };
    let openid = |query: &str, app: &App| {
        let parameters = Parameters::parse(&Pairs::parse(query).expect("decodes")).expect("good form");
        Request::check(&parameters, Some((app, &key)), &Policy::DEV).expect("good").openid()
    };
    assert!(!openid(GOOD, &app(false)));
    assert!(openid(GOOD, &app(true)), "no scope: every log-in has an ID token");
    assert!(openid(&format!("{GOOD}&scope=profile_nickname,openid"), &app(true)));
    assert!(!openid(&format!("{GOOD}&scope=profile_nickname"), &app(true)));
}

#[test]
fn empty_service_terms_are_not_absent_ones() {
    let key = key(KeyKind::RestApi);
    let wanted = |query: &str| {
        let parameters = Parameters::parse(&Pairs::parse(query).expect("decodes")).expect("good form");
        Request::check(&parameters, Some((&app(), &key)), &Policy::DEV).expect("good").wanted().clone()
    };
    assert_eq!(wanted(GOOD).service_terms, None);
    assert_eq!(wanted(&format!("{GOOD}&service_terms=")).service_terms, Some(Vec::new()));
    let tags = Some(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(wanted(&format!("{GOOD}&extra.service_terms=a,b")).service_terms, tags);
    assert_eq!(wanted(&format!("{GOOD}&channel_public_id=_a")).channels, Some(vec!["_a".to_owned()]));
}

proptest! {
    /// A request may be redirected, so its redirect URI must equal the registered one.
    #[test]
    fn a_request_has_the_registered_redirect_uri(uri in "(https://a\\.example/?|[ -~]{1,30})", scope in "[a-z_, ]{0,30}") {
        let mut encoded = String::new();
        for byte in uri.bytes() {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        let query = format!("client_id=k&response_type=code&redirect_uri={encoded}&scope={}", scope.replace(' ', "%20"));
        let parameters = Parameters::parse(&Pairs::parse(&query).expect("decodes"));
        let (app, key) = (app(), key(KeyKind::RestApi));
        if let Ok(parameters) = parameters
            && let Ok(request) = Request::check(&parameters, Some((&app, &key)), &Policy::DEV)
        {
            prop_assert_eq!(request.redirect_uri(), "https://a.example/");
            prop_assert!(request.wanted().scope.iter().all(|item| *item == Item::ProfileNickname));
        }
    }
}

#[test]
fn a_request_hands_on_what_was_sent() {
    let (app, key) = (app(), key(KeyKind::RestApi));
    let of = |more: &str| {
        let query = format!("{GOOD}{more}");
        let parameters = Parameters::parse(&Pairs::parse(&query).expect("decodes")).expect("good form");
        let request = Request::check(&parameters, Some((&app, &key)), &Policy::SERVE).expect("good");
        let text = |value: Option<&str>| value.map(str::to_owned);
        assert_eq!((request.redirect_uri(), request.app(), request.key()), ("https://a.example/", &app, &key));
        assert_eq!((request.parameters().client_id(), request.polls()), ("k", false));
        (
            text(request.state()),
            text(request.nonce()),
            text(request.code_challenge()),
            request.prompt(),
            request.wanted().clone(),
        )
    };
    assert_eq!(of(""), (None, None, None, Prompt::default(), Wanted::default()));
    let challenge = "A".repeat(43);
    let more = "&state=s&nonce=n&prompt=none&scope=profile_nickname&code_challenge_method=S256&code_challenge=";
    let prompt = Prompt { none: true, ..Prompt::default() };
    let wanted = Wanted { scope: vec![Item::ProfileNickname], ..Wanted::default() };
    let expected = (Some("s".to_owned()), Some("n".to_owned()), Some(challenge.clone()), prompt, wanted);
    assert_eq!(of(&format!("{more}{challenge}")), expected);
}

#[test]
fn any_port_of_this_machine_is_good_where_a_test_says_so() {
    let mut key = key(KeyKind::RestApi);
    key.settings.redirect_uris.push("http://localhost:3000/".to_owned());
    let any = Policy { overrides: Overrides { any_local_port: true, ..Overrides::default() }, ..Policy::DEV };
    let query = |port: u16| format!("client_id=k&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A{port}%2F");
    for (port, policy, expected) in
        [(3000, &Policy::DEV, None), (4000, &Policy::DEV, Some(Code::KOE006)), (4000, &any, None)]
    {
        assert_eq!(code(&query(port), &app(), &key, policy), expected, "{port}");
    }
    let foreign = "client_id=k&response_type=code&redirect_uri=https%3A%2F%2Fb.example%2F";
    assert_eq!(code(foreign, &app(), &key, &any), Some(Code::KOE006));
}

#[test]
fn a_page_may_poll_where_the_policy_or_the_key_allows_it() {
    let (app, key) = (app(), key(KeyKind::Javascript));
    let parameters = Parameters::parse(&Pairs::parse(GOOD).expect("decodes")).expect("good form");
    let polls = |policy: &Policy| Request::check(&parameters, Some((&app, &key)), policy).expect("good").polls();
    assert!(polls(&Policy::DEV) && !polls(&Policy::SERVE));
}

#[test]
fn what_is_wrong_with_scope_and_channels_is_said() {
    let findings = |query: &str, app: &App| {
        let parameters =
            Parameters::parse(&Pairs::parse(&format!("{GOOD}&{query}")).expect("decodes")).expect("good form");
        let refusal =
            Request::check(&parameters, Some((app, &key(KeyKind::RestApi))), &Policy::DEV).expect_err("refused");
        refusal.diagnosis.for_team().join("; ")
    };
    let unconnected = App { settings: AppSettings { channels: Vec::new(), ..app().settings }, ..app() };
    for (query, app, finding) in [
        ("scope=openid", &app(), "openid needs OpenID Connect"),
        ("scope=account_email", &app(), "account_email is a consent item that this app has not set"),
        ("scope=email", &app(), "there is no consent item email; the nearest is account_email"),
        ("scope=nickname", &app(), "there is no consent item nickname; the nearest is profile_nickname"),
        ("scope=account_mail", &app(), "there is no consent item account_mail; the nearest is account_email"),
        ("scope=something_else_entirely", &app(), "there is no consent item something_else_entirely"),
        ("channel_public_id=_b", &app(), "_b is not connected to this app; connected: _a"),
        ("channel_public_id=_b", &unconnected, "no Talk Channel is connected"),
    ] {
        let found = findings(query, app);
        assert!(found.starts_with(finding) && (found.contains("nearest") == finding.contains("nearest")), "{found}");
    }
}
