//! A PostgreSQL server with certificates for tests. The tests of the binary include this file too.

#![allow(dead_code, reason = "each of the two uses a part")]

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// The password of the user `postgres`.
pub const PASSWORD: &str = "hush-hush";

/// A certificate authority for servers.
pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
pub struct Certificate {
    pub pem: String,
    pub key: KeyPair,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Issues a certificate for this host, valid until the end of this year.
    pub fn sign(&self, host: &str, last_year: i32) -> Certificate {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(last_year, 12, 31));
        let key = KeyPair::generate().unwrap();
        Certificate { pem: params.signed_by(&key, &self.issuer).unwrap().pem(), key }
    }
}

/// A running server. It ends, and its folder is deleted, when standard input of its shell is closed: when this value is
/// dropped or the process ends, for any reason.
pub struct Server {
    pub port: u16,
    pub folder: PathBuf,
    shell: Child,
}

impl Server {
    /// Starts a server with these settings. With a certificate it accepts only TLS over the network. Returns `None` if
    /// PostgreSQL is not installed.
    pub fn start(certificate: Option<&Certificate>, settings: &[&str]) -> Option<Self> {
        let bin = installed()?;
        let folder = tempfile::Builder::new().prefix("kakaw-postgres").tempdir().unwrap().keep();
        let path = folder.display();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let over_network = if certificate.is_some() { "hostssl" } else { "host" };
        let hba = format!(
            "local all all scram-sha-256\n{over_network} all all 127.0.0.1/32 scram-sha-256\n\
             {over_network} replication all 127.0.0.1/32 scram-sha-256\n"
        );
        write(&folder, "pg_hba.conf", &hba);
        write(&folder, "password", PASSWORD);
        let mut all = vec![format!("listen_addresses=127.0.0.1"), format!("port={port}")];
        all.push(format!("unix_socket_directories={path}"));
        all.push(format!("hba_file={path}/pg_hba.conf"));
        all.extend(["fsync=off", "shared_buffers=16MB"].map(str::to_owned));
        if let Some(certificate) = certificate {
            write(&folder, "server.pem", &certificate.pem);
            write(&folder, "server.key", &certificate.key.serialize_pem());
            all.push("ssl=on".to_owned());
            all.push(format!("ssl_cert_file={path}/server.pem"));
            all.push(format!("ssl_key_file={path}/server.key"));
        }
        all.extend(settings.iter().map(|setting| (*setting).to_owned()));
        let settings = all.iter().map(|setting| format!("-c {setting}")).collect::<Vec<_>>().join(" ");
        let bin = bin.display();
        let script = format!(
            "chmod 600 {path}/server.key 2>/dev/null
            {bin}/initdb --no-sync -D {path}/data -U postgres --locale=C -E UTF8 -A scram-sha-256 \
            --pwfile={path}/password >{path}/initdb 2>&1 </dev/null
            start() {{ {bin}/postgres -D {path}/data {settings} >>{path}/log 2>&1 </dev/null & pid=$!; }}
            start
            while read -r word; do
                case $word in
                start) start ;;
                *) kill -$word $pid; wait $pid; echo 'has stopped' >>{path}/log ;;
                esac
            done
            kill -QUIT $pid
            wait
            rm -rf {path}"
        );
        // PostgreSQL refuses to run as root.
        let mut command = if is_root() {
            assert!(Command::new("chown").args(["-R", "postgres"]).arg(&folder).status().unwrap().success());
            let mut su = Command::new("su");
            su.args(["postgres", "-s", "/bin/sh", "-c", &script]);
            su
        } else {
            let mut sh = Command::new("sh");
            sh.args(["-c", &script]);
            sh
        };
        let shell = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { port, folder, shell };
        server.wait_for("ready to accept connections", 1);
        Some(server)
    }

    /// Stops the server with a signal: `INT` as its service manager does, `QUIT` as after a crash.
    pub fn stop(&mut self, signal: &str) {
        let before = self.logged("has stopped");
        self.tell(signal);
        self.wait_for("has stopped", before + 1);
    }

    /// Starts the stopped server again, and returns when it accepts connections.
    pub fn start_again(&mut self) {
        let before = self.logged("ready to accept connections");
        self.tell("start");
        self.wait_for("ready to accept connections", before + 1);
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.shell.stdin.as_mut().unwrap(), "{word}").unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    fn logged(&self, text: &str) -> usize {
        self.read("log").matches(text).count()
    }

    fn wait_for(&self, text: &str, times: usize) {
        let began = Instant::now();
        while self.logged(text) < times {
            assert!(began.elapsed() < Duration::from_secs(60), "{}\n{}", self.read("initdb"), self.read("log"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns its URL with this host name and these parameters.
    pub fn url(&self, host: &str, parameters: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@{host}:{}/postgres?{parameters}", self.port)
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// Returns the folder with the programs of the newest PostgreSQL, where Debian installs them.
fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let bins = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists());
    bins.max_by_key(|bin| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok())
}
