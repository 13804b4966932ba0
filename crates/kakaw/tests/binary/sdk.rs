//! Tests of our Rust client against the binary.

use kakaw_sdk::{AuthErrorCause, Config, Error};
use kakaw_wire::Code;
use kakaw_wire::scope::Item;

use crate::client::Client;
use crate::running::Running;

#[test]
fn the_rust_client_logs_in_renews_reads_and_unlinks() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    let sdk = kakaw_sdk::Client::new(Config {
        client_id: "0123456789abcdef0123456789abcdef".to_owned(),
        redirect_uri: "http://localhost:3000/callback".to_owned(),
        ..Config::at(&server.url)
    })
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = sdk.authorize_url("a state", &[Item::ProfileNickname, Item::AccountEmail]);
        let path = url.strip_prefix(&server.url).unwrap();
        let mut browser = Client::new(&server.url);
        let page = browser.log_in(path, "ryan@example.com", "ryan-password").await.unwrap();
        let back = browser.agree(path, &page, &["profile_nickname", "account_email"]).await.unwrap();
        assert_eq!(back.parameter("state").as_deref(), Some("a state"));
        let code = back.parameter("code").unwrap();
        let tokens = sdk.exchange(&code).await.unwrap();
        let Err(Error::Auth { cause, code, .. }) = sdk.exchange(&code).await else { panic!("a code is good once") };
        assert_eq!((cause, code), (AuthErrorCause::InvalidGrant, Some(Code::KOE320)));
        let renewed = sdk.refresh(tokens.refresh_token.as_deref().unwrap()).await.unwrap();
        assert!(renewed.refresh_token.is_none(), "it stays until its last month");
        let me = sdk.me(&renewed.access_token).await.unwrap();
        assert_eq!(me.kakao_account.unwrap().email.as_deref(), Some("ryan@example.com"));
        assert_eq!(sdk.unlink(&renewed.access_token).await.unwrap().id, me.id);
        let Err(Error::Api(refused)) = sdk.log_out(&tokens.access_token).await else { panic!("the link has ended") };
        assert_eq!(refused.code, -401);
    });
}
