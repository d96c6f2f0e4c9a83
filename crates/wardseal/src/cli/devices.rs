//! Your devices.

use clap::Subcommand;
use serde_json::json;
use wardseal_client::{Device, protocol::keys::DeviceKind, types::DeviceId};

use super::{failure::Failure, profile::Host, report::Report};

/// Commands about your devices.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists your devices and recovery methods.
    List,
    /// Revokes devices: what is sealed from now on stays closed to them.
    Revoke {
        /// The devices, as `wardseal device list` shows them
        #[arg(required = true, value_name = "DEVICE")]
        devices: Vec<DeviceId>,
    },
}

pub(crate) async fn run(host: &mut Host, command: Command) -> Result<Report, Failure> {
    let client = host.client().await?;
    let revoked = match command {
        Command::List => Vec::new(),
        Command::Revoke { devices } => {
            client.revoke_devices(&devices).await?;
            devices
        }
    };
    let devices = client.devices().await?;
    let text: String = revoked
        .iter()
        .map(|device| format!("revoked {device}\n"))
        .chain(devices.iter().map(line))
        .collect();
    let json = json!({
        "revoked": revoked,
        "devices": devices.iter().map(|device| json!({
            "id": device.id,
            "kind": device.kind.word(),
            "this": device.this,
        })).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

fn line(device: &Device) -> String {
    let this = if device.this { "  (this one)" } else { "" };
    format!("{}  {}{this}\n", device.id, kind(device.kind))
}

const fn kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Ordinary => "device",
        DeviceKind::Password => "password",
        DeviceKind::Code => "recovery code",
        DeviceKind::Passkey => "passkey",
        DeviceKind::TwoMan => "recovery by mail",
        DeviceKind::Organisation => "recovery by administrators",
        _ => "recovery method",
    }
}
