//! What waits for people and facilities who have not signed up yet: granting it, and claiming it.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use wardseal_client::{
    Misuse, NotClaimed, PendingGrant, PendingSession, Rights, Unclaimed,
    protocol::escrow::{Code, Policy},
    types::{Base64Url, FixedBytes, MemberId, PendingId, SessionId},
};

use super::{
    failure::Failure,
    passwords,
    profile::{Host, HostClient, now},
    report::Report,
    time,
    who::{self, Who},
};

/// Milliseconds of a day.
const DAY: u64 = 24 * 3_600_000;

/// Commands about what waits in escrow.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists what waits for you.
    Pending(For),
    /// Claims everything that waits for you and can be opened now.
    Claim {
        #[command(flatten)]
        whose: For,
        /// Ask for the code that the sender told you
        #[arg(long)]
        code: bool,
    },
    /// Shows what has become of what you sent to people who had not signed up.
    Status {
        /// The sessions
        #[arg(required = true)]
        sessions: Vec<SessionId>,
    },
    /// Has a code mailed to the address that the sender gave.
    StartCode {
        /// What waits, as `wardseal escrow pending` shows it
        pending: PendingId,
        #[command(flatten)]
        whose: For,
    },
    /// Enters the mailed code; then `wardseal escrow claim` opens what waits.
    FinishCode {
        /// The attempt, as `wardseal escrow start-code` showed it
        #[arg(value_parser = attempt)]
        attempt: FixedBytes<32>,
        /// The eight digits
        code: String,
    },
}

/// For whom something waits.
#[derive(Args, Debug)]
pub(crate) struct For {
    /// A group of yours in place of yourself, by its identifier or its name
    #[arg(long)]
    group: Option<String>,
}

/// A grant to somebody who has not signed up yet.
#[derive(Args, Debug)]
pub(crate) struct GrantPending {
    /// The session
    session: SessionId,
    /// The name by which the application will call the recipient
    name: String,
    /// What the recipient must show beside the name
    #[arg(long)]
    policy: PolicyName,
    /// What the recipient may do
    #[arg(long, default_value = "read")]
    right: PendingRight,
    /// For how many days it waits
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=366))]
    days: u64,
    /// Where the key server mails its code, with `--policy verified`
    #[arg(long, required_if_eq("policy", "verified"))]
    address: Option<String>,
    /// Language of that mail: en, fr or de
    #[arg(long)]
    language: Option<String>,
    /// A group of yours in whose name you send, which the recipient is shown
    #[arg(long)]
    group: Option<String>,
}

/// What a recipient must show beside the name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum PolicyName {
    /// A code that the key server mails to an address.
    Verified,
    /// A code that you tell.
    Code,
    /// Nothing is released: you compare identifiers, and let in.
    Confirmed,
    /// Nothing: the application's word for the name is enough.
    Assigned,
}

/// What somebody who has not come yet can be granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum PendingRight {
    /// Open and write.
    Read,
    /// Also grant others what one holds.
    Share,
}

impl From<PolicyName> for Policy {
    fn from(name: PolicyName) -> Self {
        match name {
            PolicyName::Verified => Self::Verified,
            PolicyName::Code => Self::Code,
            PolicyName::Confirmed => Self::Confirmed,
            PolicyName::Assigned => Self::Assigned,
        }
    }
}

impl From<PendingRight> for Rights {
    fn from(right: PendingRight) -> Self {
        match right {
            PendingRight::Read => Self::READ,
            PendingRight::Share => Self::SHARE,
        }
    }
}

pub(crate) async fn run(host: &mut Host, command: Command) -> Result<Report, Failure> {
    let client = host.client().await?;
    match command {
        Command::Pending(whose) => {
            let member = whose.resolve(&client).await?;
            let waiting = client.pending_sessions(member).await?;
            let mut text: String = waiting.iter().map(describe).collect();
            if text.is_empty() {
                text.push_str("nothing waits");
            }
            let waiting: Vec<_> = waiting.iter().map(value).collect();
            Ok(Report::new(text, json!({ "pending": waiting })))
        }
        Command::Claim { whose, code } => {
            let member = whose.resolve(&client).await?;
            let code = if code { Some(sender_code(host)?) } else { None };
            claim(&client, member, code.as_ref()).await
        }
        Command::Status { sessions } => status(&client, &sessions).await,
        Command::StartCode { pending, whose } => {
            let member = whose.resolve(&client).await?;
            let code = client.start_escrow_code(member, pending).await?;
            let attempt = Base64Url::text_of(code.attempt.as_array());
            Ok(Report::new(
                format!(
                    "a code is on its way to {}, good until {}\nenter it: wardseal escrow finish-code {attempt} CODE",
                    code.hint,
                    time::format(code.expires)
                ),
                json!({ "attempt": attempt, "hint": code.hint, "expires": code.expires }),
            ))
        }
        Command::FinishCode { attempt, code } => {
            let verified = client.finish_escrow_code(attempt, code.trim()).await?;
            Ok(Report::new(
                format!(
                    "the code is right, for {verified} that wait\nnow run: wardseal escrow claim"
                ),
                json!({ "verified": verified }),
            ))
        }
    }
}

impl For {
    /// # Errors
    /// When nobody is signed in, or there is no such group.
    async fn resolve(&self, client: &HostClient) -> Result<MemberId, Failure> {
        let profile = client.profile().await;
        let profile = profile.ok_or_else(|| wardseal_client::Error::from(Misuse::NoIdentity))?;
        match &self.group {
            Some(group) => Ok(who::group(client, group).await?.into()),
            None => Ok(profile.user.into()),
        }
    }
}

fn attempt(text: &str) -> Result<FixedBytes<32>, String> {
    Base64Url::from_text(text)
        .and_then(|bytes| bytes.0.try_into().ok().map(FixedBytes))
        .ok_or_else(|| "copy it again in full, as wardseal escrow start-code showed it".into())
}

fn sender_code(host: &Host) -> Result<Code, Failure> {
    let typed = passwords::ask_code(&host.common, "Code of the sender: ")?;
    typed.parse().map_err(|_| {
        Failure::failed("bad_code", "this is no code of a sender")
            .advise("it has 16 digits and letters, in groups of four: type it again")
    })
}

async fn claim(
    client: &HostClient,
    member: MemberId,
    code: Option<&Code>,
) -> Result<Report, Failure> {
    let report = client.claim(member, code).await?;
    let mut text: String = report
        .claimed
        .iter()
        .map(|session| format!("{session}  claimed\n"))
        .collect();
    for left in &report.left {
        let (_, why) = reason(left);
        text.push_str(&describe(&left.waiting));
        text.push_str(&format!("  {why}\n"));
    }
    if text.is_empty() {
        text.push_str("nothing waits");
    }
    let left: Vec<_> = report
        .left
        .iter()
        .map(|left| {
            let mut listed = value(&left.waiting);
            if let Some(listed) = listed.as_object_mut() {
                listed.insert("why".into(), reason(left).0.into());
            }
            listed
        })
        .collect();
    let nothing = report.claimed.is_empty() && !left.is_empty();
    let said = Report::new(text, json!({ "claimed": report.claimed, "left": left }));
    Ok(if nothing { said.failed() } else { said })
}

/// Why something was not claimed: for programs, and for people with what to do.
fn reason(left: &Unclaimed) -> (&'static str, String) {
    let pending = left.waiting.pending;
    let (code, why) = match left.why {
        NotClaimed::CodeRequired => {
            let advice = format!("have a code mailed: wardseal escrow start-code {pending}");
            return ("code_required", advice);
        }
        NotClaimed::SenderCodeRequired => (
            "sender_code_required",
            "ask the sender for the code, then run: wardseal escrow claim --code",
        ),
        NotClaimed::WrongCode => (
            "wrong_code",
            "the code is wrong: type it again, or ask the sender",
        ),
        NotClaimed::Confirmation => (
            "confirmation",
            "the sender lets you in: compare your identifier with him (wardseal user show)",
        ),
        NotClaimed::Expired => (
            "expired",
            "its time is over: ask the sender to send it again",
        ),
        NotClaimed::NotNamed => (
            "not_named",
            "a server does not see yet that you have the name: try again",
        ),
        NotClaimed::Gone => ("gone", "it was claimed, revoked or replaced meanwhile"),
        NotClaimed::Damaged => (
            "damaged",
            "what the servers gave does not open it: ask the sender to send it again",
        ),
    };
    (code, why.into())
}

async fn status(client: &HostClient, sessions: &[SessionId]) -> Result<Report, Failure> {
    let deposits = client.escrow_status(sessions).await?;
    let mut text = String::new();
    let mut values = Vec::new();
    for deposit in &deposits {
        let state = deposit.state.word();
        let by = deposit.member.map(|member| format!("  {member}"));
        text.push_str(&format!(
            "{}  {}  {state} {}{}\n",
            deposit.session,
            deposit.pending,
            time::format(deposit.since),
            by.unwrap_or_default()
        ));
        values.push(json!({
            "session": deposit.session,
            "pending": deposit.pending,
            "state": state,
            "since": deposit.since,
            "member": deposit.member,
        }));
    }
    if text.is_empty() {
        text.push_str("nothing was put in escrow there");
    }
    Ok(Report::new(text, json!({ "deposits": values })))
}

/// Grants a right to somebody who has not signed up yet.
///
/// # Errors
/// When the policy does not take what was given, or a server does not.
pub(crate) async fn grant(client: &HostClient, wanted: GrantPending) -> Result<Report, Failure> {
    let policy = Policy::from(wanted.policy);
    if wanted.address.is_some() && policy != Policy::Verified {
        return Err(
            Failure::usage("nothing is mailed under this policy").advise(
                "leave --address out, or choose --policy verified: the key server mails a code there",
            ),
        );
    }
    let group = match &wanted.group {
        Some(group) => Some(who::group(client, group).await?),
        None => None,
    };
    let grant = PendingGrant {
        name: wanted.name,
        policy,
        rights: wanted.right.into(),
        expires: now().plus_millis(wanted.days.saturating_mul(DAY)),
        group,
        address: wanted.address,
        code: None,
        language: wanted.language,
    };
    let session = wanted.session;
    let granted = client.grant_pending(session, &grant).await?;
    let pending = granted.pending;
    let code = granted.code.map(|code| code.to_string());
    let next = match (policy, &code) {
        (Policy::Verified, _) => {
            let address = grant.address.as_deref().unwrap_or_default();
            format!(
                "whoever signs up as {} gets a code at {address}",
                grant.name
            )
        }
        (_, Some(code)) => {
            format!("tell the recipient this code, by another way than the invitation: {code}")
        }
        (Policy::Confirmed, _) => format!(
            "when {} has signed up, compare identifiers, then run: wardseal session let-in {session} {pending} WHO",
            grant.name
        ),
        _ => format!("it opens to whom the application calls {}", grant.name),
    };
    Ok(Report::new(
        format!(
            "{pending} is awaited until {}\n{next}",
            time::format(grant.expires)
        ),
        json!({
            "session": session,
            "pending": pending,
            "policy": policy.word(),
            "expires": grant.expires,
            "code": code,
        }),
    ))
}

/// Lets somebody in who is awaited.
///
/// # Errors
/// When he does not carry the name, or has to claim it himself.
pub(crate) async fn let_in(
    client: &HostClient,
    session: SessionId,
    pending: PendingId,
    who: Who,
) -> Result<(), Failure> {
    for member in who::resolve(client, &[who]).await? {
        client.complete_pending(session, pending, member).await?;
    }
    Ok(())
}

fn describe(waiting: &PendingSession) -> String {
    let sender = match waiting.group {
        Some(group) => format!("{} for {group}", waiting.sender),
        None => waiting.sender.to_string(),
    };
    let hint = waiting.hint.as_ref().map(|hint| format!("  {hint}"));
    format!(
        "{}  {}  {}{}  from {sender}  until {}\n",
        waiting.pending,
        waiting.session,
        waiting.policy.word(),
        hint.unwrap_or_default(),
        time::format(waiting.expires)
    )
}

fn value(waiting: &PendingSession) -> Value {
    json!({
        "session": waiting.session,
        "pending": waiting.pending,
        "policy": waiting.policy.word(),
        "sender": waiting.sender,
        "group": waiting.group,
        "expires": waiting.expires,
        "hint": waiting.hint,
    })
}
