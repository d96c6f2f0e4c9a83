//! Whether everything is as it should be, and if not, what to do.

use clap::Args;
use serde_json::json;
use wardseal_client::{Error, Misuse, api::keys::ServerInfo, types::Timestamp};

use super::{
    failure::Failure,
    profile::{Host, HostClient, now},
    report::Report,
    time,
};

/// How far clocks may be apart, in milliseconds.
const CLOCKS_AGREE: u64 = 60_000;

/// A look at everything.
#[derive(Args, Debug)]
pub(crate) struct Doctor {}

/// Something that was looked at.
struct Finding {
    what: &'static str,
    result: Result<String, Failure>,
}

pub(crate) async fn run(host: &Host) -> Result<Report, Failure> {
    host.acts_as_nobody()?;
    let client = host.client_of_folder().await?;
    let mut findings = vec![Finding {
        what: "folder",
        result: Ok(format!("{} opens", host.home().display())),
    }];
    let keys = client.server().await;
    if let Ok(info) = &keys {
        findings.push(clock(now(), info.time));
    }
    findings.push(server("key server", keys, |info| info.keys));
    findings.push(server("vault", client.vault().await, |info| info.vault));
    findings.push(tenant(&client).await);
    findings.push(identity(&client).await);
    Ok(report(&findings))
}

fn server(
    what: &'static str,
    answer: Result<ServerInfo, Error>,
    serves: impl FnOnce(&ServerInfo) -> bool,
) -> Finding {
    let result = match answer {
        Err(error) => Err(error.into()),
        Ok(info) if serves(&info) => Ok(format!(
            "answers; version {}, protocol {}",
            info.version, info.protocol
        )),
        Ok(_) => Err(
            Failure::failed("wrong_role", "what answers there is not one")
                .advise("check --server and --vault"),
        ),
    };
    Finding { what, result }
}

fn clock(ours: Timestamp, server: Timestamp) -> Finding {
    let apart = ours.since(server).max(server.since(ours));
    let result = if apart <= CLOCKS_AGREE {
        Ok("agrees with the server's".into())
    } else {
        Err(Failure::failed(
            "clock",
            format!(
                "{} off the server's: {} here, {} there",
                time::span(apart),
                time::format(ours),
                time::format(server)
            ),
        )
        .advise("set the clock that is wrong: sealing is refused when they are far apart"))
    };
    Finding {
        what: "clock",
        result,
    }
}

async fn tenant(client: &HostClient) -> Finding {
    let result = client
        .tenant()
        .await
        .map(|tenant| {
            format!(
                "{} is verified; {} statements, signed {}",
                tenant.id,
                tenant.log_size,
                time::format(tenant.checkpoint)
            )
        })
        .map_err(Failure::from);
    Finding {
        what: "tenant",
        result,
    }
}

async fn identity(client: &HostClient) -> Finding {
    let result = match client.devices().await {
        Ok(devices) if devices.iter().any(|device| device.this) => {
            Ok(format!("signed in; {} devices", devices.len()))
        }
        Ok(_) => Err(Failure::failed("revoked", "this device was revoked")
            .advise("sign in again: wardseal logout, then wardseal login --name …")),
        Err(Error::Misuse(Misuse::NoIdentity)) => Ok("nobody is signed in here".into()),
        Err(error) => Err(error.into()),
    };
    Finding {
        what: "identity",
        result,
    }
}

fn report(findings: &[Finding]) -> Report {
    let mut text = String::new();
    let mut values = Vec::new();
    for Finding { what, result } in findings {
        match result {
            Ok(good) => {
                text.push_str(&format!("ok     {what}: {good}\n"));
                values.push(json!({ "what": what, "ok": true, "detail": good }));
            }
            Err(bad) => {
                text.push_str(&format!("wrong  {what}: {}\n", bad.message));
                if let Some(advice) = &bad.advice {
                    text.push_str(&format!("       {advice}\n"));
                }
                values.push(json!({
                    "what": what,
                    "ok": false,
                    "code": bad.code,
                    "detail": bad.message,
                    "advice": bad.advice,
                }));
            }
        }
    }
    let report = Report::new(text, json!({ "findings": values }));
    if findings.iter().all(|finding| finding.result.is_ok()) {
        report
    } else {
        report.failed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_a_day_off_is_told() {
        let ours = Timestamp::from_seconds(1_800_000_000);
        let day = 24 * 3_600_000;
        assert!(clock(ours, ours.plus_millis(CLOCKS_AGREE)).result.is_ok());
        for server in [
            ours.plus_millis(day),
            Timestamp::from_millis(ours.millis() - day),
        ] {
            let wrong = clock(ours, server).result.unwrap_err();
            assert!(wrong.message.starts_with("1 day off"), "{}", wrong.message);
        }
    }
}
