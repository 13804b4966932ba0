//! `kakaw dev` — a stand-in: an embedded database, a sample app and sample people.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use clap::Args as ClapArgs;
use kakaw_core::policy::Policy;
use kakaw_store::Store;
use kakaw_store::db::Url;

use crate::clock::Clock;
use crate::password::{OWASP, Passwords};
use crate::signer::Signer;
use crate::world::{Mode, PublicUrl, World};
use crate::{http, keys, random, world_file};

#[derive(ClapArgs)]
pub struct Args {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// The URL under which clients reach it, if not a loopback name.
    #[arg(long)]
    public_url: Option<String>,
    /// World file with apps and people; may be given more than once. Without one there is a sample world.
    #[arg(long)]
    world: Vec<PathBuf>,
    /// Folder that keeps database and keys.
    #[arg(long, conflicts_with_all = ["memory", "database"])]
    data: Option<PathBuf>,
    /// Keep everything in memory (the default).
    #[arg(long, conflicts_with = "database")]
    memory: bool,
    /// sqlite:PATH or postgres://…; the key file stands in the current folder.
    #[arg(long)]
    database: Option<String>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).without_time().init();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(args))
}

async fn serve(args: &Args) -> anyhow::Result<()> {
    let world = Arc::new(open(args).await?);
    let mut files = Vec::new();
    for path in &args.world {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push(world_file::parse(&text, &path.display().to_string()).map_err(anyhow::Error::msg)?);
    }
    if files.is_empty() {
        let sample = world_file::parse(include_str!("../../assets/sample_world.toml"), "the sample world");
        files.push(sample.map_err(anyhow::Error::msg)?);
    }
    for file in &files {
        world_file::apply(&world, file).await?;
    }
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let address = listener.local_addr()?;
    tokio::spawn(Arc::clone(&world).work_in_background());
    let service = http::app(Arc::clone(&world)).into_make_service_with_connect_info::<SocketAddr>();
    {
        let mut out = std::io::stdout().lock();
        writeln!(out, "listening on http://{address}")?;
        writeln!(out, "  authorize   http://{address}/oauth/authorize?client_id=…&redirect_uri=…&response_type=code")?;
        writeln!(out, "  discovery   http://{address}/.well-known/openid-configuration")?;
        out.flush()?;
    }
    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        terminated().await;
        let _ = stop.send(());
    });
    tokio::select! {
        result = server => result?,
        () = async { let _ = stopped.await; tokio::time::sleep(Duration::from_secs(4)).await } => {}
    }
    Ok(())
}

async fn open(args: &Args) -> anyhow::Result<World> {
    let random: Arc<dyn kakaw_core::random::Random> = Arc::new(random::System::new());
    let (url, sealer) = match (&args.data, &args.database) {
        (Some(folder), _) => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            (Url::Sqlite(folder.join("kakaw.db")), keys::load_or_create(&folder.join("keys.toml"), &*random)?)
        }
        (None, Some(database)) => (
            Url::parse(database).map_err(anyhow::Error::msg)?,
            keys::load_or_create("kakaw-keys.toml".as_ref(), &*random)?,
        ),
        (None, None) => (Url::Memory, keys::ephemeral(&*random)?),
    };
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Ok(World {
        mode: Mode::Dev,
        store: Store::open(&url).await?,
        sealer,
        clock: Clock::default(),
        random,
        signer: Signer::default(),
        passwords: Passwords::new(OWASP, cores, cores * 4),
        policy: Policy::DEV,
        public_url: args
            .public_url
            .clone()
            .map_or(PublicUrl::FollowLoopback, |url| PublicUrl::Fixed(url.trim_end_matches('/').to_owned())),
        access_token_in_query: true,
    })
}

async fn terminated() {
    let terminate = async {
        if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            signal.recv().await;
        }
    };
    tokio::select! { () = terminate => {}, _ = tokio::signal::ctrl_c() => {} }
}
