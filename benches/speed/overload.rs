//! Five times as many logins as can be hashed: accepted logins wait at most two seconds, the rest are refused at once.

use std::time::{Duration, Instant};

use kakaw_bench::load::{Connection, Run, summary};
use kakaw_core::random;
use kakaw_platform::random::Seeded;

use crate::scenario::{CONNECTIONS, log_in_answer};

/// How long each rate lasts.
const SPAN: Duration = Duration::from_secs(6);

/// The results at one rate.
struct Sustained {
    answered: Run,
    refused: Run,
    share: f64,
}

/// Sends 70 % of the capacity, then five times the capacity, and compares the results.
pub async fn run(address: &str, capacity: f64) -> anyhow::Result<()> {
    let normal = sustain(address, capacity * 0.7).await?;
    crate::say(&format!(
        "logins at 70 % of capacity: p50 {:.1?} p99 {:.1?}, {:.1} % refused",
        normal.answered.p50,
        normal.answered.p99,
        normal.share * 100.0
    ));
    let over = sustain(address, capacity * 5.0).await?;
    crate::say(&format!(
        "logins at five times capacity: answered {:.0}/s, p99 {:.1?} ({:.1} times normal); {:.1} % refused with 503 and \
         Retry-After, p99 {:.1?}",
        over.answered.per_second,
        over.answered.p99,
        over.answered.p99.as_secs_f64() / normal.answered.p99.as_secs_f64(),
        over.share * 100.0,
        over.refused.p99
    ));
    Ok(())
}

/// Starts logins at a rate, without waiting for earlier replies. As with real people, they are independent of each other (a
/// Poisson process).
async fn sustain(address: &str, rate: f64) -> anyhow::Result<Sustained> {
    let local = tokio::task::LocalSet::new();
    let mut tasks = tokio::task::JoinSet::new();
    let idle = std::rc::Rc::new(std::cell::RefCell::new(Vec::<Connection>::new()));
    let (started, chance) = (Instant::now(), Seeded::new(1));
    let (mut answered, mut refused) = (Vec::new(), Vec::new());
    local
        .run_until(async {
            let (mut count, mut due) = (0_u32, Duration::ZERO);
            while started.elapsed() < SPAN {
                let share = (u64::from_be_bytes(random::bytes(&chance)) >> 11) as f64 / (1_u64 << 53) as f64;
                due += Duration::from_secs_f64(-(1.0 - share).ln() / rate);
                tokio::time::sleep_until((started + due).into()).await;
                count += 1;
                let (address, idle) = (address.to_owned(), idle.clone());
                let person = CONNECTIONS + count as usize % 500;
                tasks.spawn_local(async move {
                    let kept = idle.borrow_mut().pop();
                    let mut connection = match kept {
                        Some(connection) => connection,
                        None => Connection::open(&address).await?,
                    };
                    let sent = Instant::now();
                    let answer = log_in_answer(&mut connection, person).await?;
                    let took = sent.elapsed();
                    anyhow::ensure!(
                        answer.status == 303 || answer.status == 503 && answer.header("retry-after").is_some(),
                        "{} {}",
                        answer.status,
                        answer.text()
                    );
                    idle.borrow_mut().push(connection);
                    anyhow::Ok((answer.status == 303, took))
                });
            }
            while let Some(done) = tasks.join_next().await {
                let (is_answered, took) = done??;
                if is_answered { answered.push(took) } else { refused.push(took) }
            }
            anyhow::Ok(())
        })
        .await?;
    let share = refused.len() as f64 / (answered.len() + refused.len()).max(1) as f64;
    let took = started.elapsed();
    Ok(Sustained {
        answered: summary("answered", &mut answered, took),
        refused: summary("refused", &mut refused, took),
        share,
    })
}
