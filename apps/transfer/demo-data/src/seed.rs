//! Makes the world through the interfaces that everybody has: the operator's commands, the real client, the server's API.

use std::{collections::BTreeMap, io::Write as _, process::Stdio, str::FromStr as _, sync::Arc};

use anyhow::{Context as _, Result, bail};
use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};
use transfer_rules::{
    care::family_of,
    form::{Answers, field},
    state::RequestState,
};
use wardseal_client::{
    protocol::op::Role,
    types::{Clock as _, GroupId, MemberId, SessionId},
};

use crate::{
    patients, pdf,
    processes::{Place, output},
    staff::{Addresses, Staff, SystemClock, ulid},
    world::{FACILITIES, Facility, Hours, Person, UNREGISTERED},
};

/// The password of everybody in a demonstration. It is strong enough to be accepted, and no secret.
pub const PASSWORD: &str = "seventeen calm herons";

/// How much of the world is made.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Of what chance is made.
    pub seed: u64,
    /// The first so many facilities.
    pub facilities: usize,
    /// So many cases, shared out among the hospitals.
    pub cases: usize,
}

impl Size {
    fn facilities(&self) -> &'static [Facility] {
        FACILITIES.get(..self.facilities).unwrap_or(FACILITIES)
    }
}

/// The roles to step into, as the page offers them.
#[must_use]
pub fn roles(size: &Size) -> Vec<Value> {
    size.facilities()
        .iter()
        .flat_map(|facility| {
            facility.people.iter().map(|person| {
                let [en, fr, de] = person.role;
                json!({
                    "name": facility.login(person),
                    "password": PASSWORD,
                    "person": format!("{} {}", person.given, person.family),
                    "facility": facility.name,
                    "country": facility.country,
                    "title": { "en": en, "fr": fr, "de": de },
                })
            })
        })
        .collect()
}

/// The first facility of its kind: its administrator, and its group.
struct Team {
    facility: &'static Facility,
    group: GroupId,
    staff: Staff,
}

/// Signs everybody up, makes the groups, registers the facilities, and plays the cases.
///
/// # Errors
/// Whatever a server says.
pub async fn seed(place: &Place, addresses: &Addresses, size: &Size) -> Result<()> {
    let names: Vec<String> = size
        .facilities()
        .iter()
        .flat_map(|facility| facility.people.iter().map(|person| facility.login(person)))
        .collect();
    let invitations = Arc::new(invite(place, &names)?);
    // The password function takes 64 MiB and a core.
    let turns = Arc::new(Semaphore::new(2));
    let mut tasks = JoinSet::new();
    for (order, facility) in size.facilities().iter().enumerate() {
        let (addresses, invitations) = (addresses.clone(), Arc::clone(&invitations));
        let turns = Arc::clone(&turns);
        tasks.spawn(async move {
            let _turn = turns.acquire_owned().await?;
            Ok::<_, anyhow::Error>((order, found(&addresses, facility, &invitations).await?))
        });
    }
    let mut teams = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        let (order, team) = done??;
        teams.insert(order, team);
    }
    let mut teams: Vec<Team> = teams.into_values().collect();
    register(place, &teams)?;
    announce(place)?;
    for team in &mut teams {
        team.staff.enter().await?;
    }
    play(&teams, size).await
}

/// Has the operator invite people; gives their codes.
fn invite(place: &Place, names: &[String]) -> Result<BTreeMap<String, String>> {
    let mut command = place.command("wardseal-transfer");
    command
        .arg("invite")
        .arg("--data")
        .arg(place.data.join("transfer"))
        .args(names);
    Ok(output(command)?
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, code)| (name.to_owned(), code.to_owned()))
        .collect())
}

/// Signs a facility's people up; the first makes the group.
async fn found(
    addresses: &Addresses,
    facility: &'static Facility,
    invitations: &BTreeMap<String, String>,
) -> Result<Team> {
    let mut people = Vec::new();
    for person in facility.people {
        people.push(sign_up(addresses, facility, person, invitations).await?);
    }
    let mut people = people.into_iter();
    let (_, staff) = people.next().context("a facility without people")?;
    let members: Vec<(MemberId, Role)> = people.map(|(member, _)| (member, Role::Member)).collect();
    let group = staff.client.create_group(facility.name, &members).await?;
    Ok(Team {
        facility,
        group,
        staff,
    })
}

async fn sign_up(
    addresses: &Addresses,
    facility: &Facility,
    person: &Person,
    invitations: &BTreeMap<String, String>,
) -> Result<(MemberId, Staff)> {
    let name = facility.login(person);
    let code = invitations.get(&name).context("somebody was not invited")?;
    let staff = Staff::sign_up(addresses, &name, code, PASSWORD)
        .await
        .with_context(|| format!("{name} cannot sign up"))?;
    let profile = staff.client.profile().await.context("nobody signed up")?;
    Ok((profile.user.into(), staff))
}

/// Has the operator enter facilities into the directory.
fn register(place: &Place, teams: &[Team]) -> Result<()> {
    let entries: Vec<Value> = teams
        .iter()
        .map(|team| entry(team.facility, team.group))
        .collect();
    enter(place, "add", &entries)
}

/// Has the operator announce facilities that can be asked before they are registered.
fn announce(place: &Place) -> Result<()> {
    let entries: Vec<Value> = UNREGISTERED
        .iter()
        .map(|facility| {
            json!({
                "identifier": facility.identifier,
                "name": facility.name,
                "country": facility.country,
                "city": facility.city,
                "postcode": facility.postcode,
                "families": facility.families,
                "phone": facility.phone,
                "latitude": facility.latitude,
                "longitude": facility.longitude,
                "notificationAddress": format!("admissions@{}.example", facility.key),
            })
        })
        .collect();
    enter(place, "announce", &entries)
}

fn enter(place: &Place, verb: &str, entries: &[Value]) -> Result<()> {
    let mut command = place.command("wardseal-transfer");
    command
        .args(["facility", verb, "--data"])
        .arg(place.data.join("transfer"));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()?;
    child
        .stdin
        .take()
        .context("no standard input")?
        .write_all(json!(entries).to_string().as_bytes())?;
    if !child.wait()?.success() {
        bail!("the facilities cannot be registered");
    }
    Ok(())
}

fn entry(facility: &Facility, group: GroupId) -> Value {
    let (zone, language) = match facility.country {
        "FR" => ("Europe/Paris", "fr"),
        _ => ("Europe/Berlin", "de"),
    };
    let day = |hours: [&str; 2]| json!([hours]);
    let closed = json!([]);
    let week: Vec<Value> = (0..7)
        .map(|weekday| match (facility.hours, weekday) {
            (Hours::Always, _) => day(["00:00", "24:00"]),
            (Hours::Long, 0..6) => day(["07:00", "20:00"]),
            (Hours::Office, 0..5) => day(["08:00", "17:00"]),
            _ => closed.clone(),
        })
        .collect();
    json!({
        "group": group,
        "name": facility.name,
        "country": facility.country,
        "city": facility.city,
        "postcode": facility.postcode,
        "families": facility.families,
        "capabilities": facility.capabilities,
        "languages": facility.languages,
        "phone": facility.phone,
        "latitude": facility.latitude,
        "longitude": facility.longitude,
        "hours": { "zone": zone, "week": week, "closed": [] },
        "notificationAddress": facility.mailbox(),
        "language": language,
    })
}

/// Opens cases at the hospitals, asks facilities, and answers for them.
async fn play(teams: &[Team], size: &Size) -> Result<()> {
    let hospitals: Vec<&Team> = teams
        .iter()
        .filter(|team| team.facility.families.contains(&"ACUTE"))
        .collect();
    for (number, hospital) in (0..size.cases).zip(hospitals.iter().cycle()) {
        let stream = size.seed.wrapping_add(u64::try_from(number).unwrap_or(0));
        let mut rng = ChaCha20Rng::seed_from_u64(stream);
        let case = Case::open(hospital, &mut rng).await?;
        // One of seven has not been sent yet.
        if number % 7 == 6 {
            continue;
        }
        let asked = case.receivers(teams, &mut rng);
        for (place, (team, request, session)) in case.ask(&asked).await?.into_iter().enumerate() {
            answer(team, &request, session, number.wrapping_add(place)).await?;
        }
    }
    Ok(())
}

/// A case that the demonstration plays.
struct Case<'a> {
    hospital: &'a Team,
    id: String,
    version: u64,
    family: String,
    answers: Answers,
}

impl<'a> Case<'a> {
    async fn open(hospital: &'a Team, rng: &mut ChaCha20Rng) -> Result<Self> {
        let facility = hospital.facility;
        let now = i64::try_from(SystemClock.now().millis()).unwrap_or(i64::MAX);
        let area: String = facility.postcode.chars().take(2).collect();
        let answers = patients::patient(facility.country, &area, now, rng);
        let word = |id: &str| answers.get(id).and_then(Value::as_str).unwrap_or_default();
        let family = family_of(word("careType")).context("no such care")?;
        let staff = &hospital.staff;
        let own = [MemberId::from(hospital.group)];
        let session = staff.session(&own, &[]).await?;
        let documents_session = staff.session(&own, &[]).await?;
        let group = hospital.group.to_string();
        // A letter, as a file of the case.
        let (title, lines) = patients::letter(facility.country, &answers);
        let content = pdf::letter(&title, &lines);
        let name = format!("{title}.pdf");
        let sealed = staff
            .seal_bytes(
                documents_session,
                Some(&name),
                Some("application/pdf"),
                &content,
            )
            .await?;
        let letter = staff.put(&group, sealed).await?;
        let copy = json!({
            "kind": "case",
            "answers": answers,
            "notes": "",
            "documents": [{
                "blob": letter,
                "name": name,
                "type": "application/pdf",
                "size": content.len(),
                "added": now,
            }],
        });
        let sealed = staff.put(&group, staff.seal(session, &copy).await?).await?;
        let id = ulid()?;
        let made: Value = staff
            .call(
                Method::POST,
                "/api/cases",
                &json!({
                    "id": id,
                    "facility": hospital.group,
                    "urgency": word("urgency"),
                    "family": family,
                    "ready": true,
                    "consent": !rng.next_u32().is_multiple_of(3),
                    "session": session,
                    "documentsSession": documents_session,
                    "sealed": sealed,
                }),
            )
            .await?;
        let with_letter: Value = staff
            .call(
                Method::POST,
                &format!("/api/cases/{id}/documents"),
                &json!({ "version": version(&made)?, "blob": letter }),
            )
            .await?;
        Ok(Self {
            hospital,
            id,
            version: version(&with_letter)?,
            family: family.to_string(),
            answers,
        })
    }

    /// Facilities of the wanted kind, at most three.
    fn receivers<'b>(&self, teams: &'b [Team], rng: &mut ChaCha20Rng) -> Vec<&'b Team> {
        let mut fit: Vec<&Team> = teams
            .iter()
            .filter(|team| {
                team.group != self.hospital.group
                    && team.facility.families.contains(&self.family.as_str())
            })
            .collect();
        let count = u64::try_from(fit.len().max(1)).unwrap_or(1);
        let start = rng.next_u64().checked_rem(count).unwrap_or(0);
        // The first of its kind is one of those that people step into: it always has something to do.
        if let [_, others @ ..] = fit.as_mut_slice()
            && !others.is_empty()
        {
            let start = usize::try_from(start).unwrap_or(0);
            others.rotate_left(start.checked_rem(others.len()).unwrap_or(0));
        }
        fit.truncate(3);
        fit
    }

    async fn ask<'b>(&self, asked: &[&'b Team]) -> Result<Vec<(&'b Team, Value, SessionId)>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let staff = &self.hospital.staff;
        let stage1: Answers = self
            .answers
            .iter()
            .filter(|(id, _)| field(id).is_some_and(|field| field.stage == 1))
            .map(|(id, value)| (id.clone(), value.clone()))
            .collect();
        let content = json!({ "kind": "stage1", "answers": stage1 });
        let mut requests = Vec::new();
        let mut sessions = BTreeMap::new();
        for team in asked {
            let session = staff
                .session(&[self.hospital.group.into()], &[team.group.into()])
                .await?;
            let sealed = staff.seal(session, &content).await?;
            let blob = staff.put(&self.hospital.group.to_string(), sealed).await?;
            let id = ulid()?;
            requests
                .push(json!({ "id": id, "to": team.group, "session": session, "sealed": blob }));
            sessions.insert(team.group, session);
        }
        let sent: Value = staff
            .call(
                Method::POST,
                &format!("/api/cases/{}/send", self.id),
                &json!({ "version": self.version, "requests": requests }),
            )
            .await?;
        let records = sent
            .get("requests")
            .and_then(Value::as_array)
            .context("no requests came")?;
        asked
            .iter()
            .map(|team| {
                let record = records
                    .iter()
                    .find(|record| record.get("to") == Some(&json!(team.group)))
                    .context("a request is missing")?;
                let session = *sessions.get(&team.group).context("a session is missing")?;
                Ok((*team, record.clone(), session))
            })
            .collect()
    }
}

/// What a facility answers: nothing yet, that it reads, that it is interested, asks, or declines.
async fn answer(team: &Team, request: &Value, session: SessionId, which: usize) -> Result<()> {
    use RequestState::{Declined, InReview, InfoNeeded, Interested, Viewed};
    let french = team.facility.country == "FR";
    let path: &[RequestState] = match which % 6 {
        0 => &[],
        1 => &[Viewed],
        2 => &[Viewed, InReview],
        3 => &[Viewed, InReview, Interested],
        4 => &[Viewed, InReview, InfoNeeded],
        _ => &[Viewed, InReview, Declined],
    };
    let id = request
        .get("id")
        .and_then(Value::as_str)
        .context("a request without name")?;
    let mut version = version(request)?;
    for to in path {
        let mut body = serde_json::Map::new();
        body.insert("version".into(), json!(version));
        body.insert("to".into(), json!(to));
        let sealed = match to {
            InfoNeeded => Some(json!({
                "kind": "answer", "state": to,
                "question": if french { "Le projet de sortie est-il confirmé ?" } else { "Ist die Anschlussversorgung geklärt?" },
            })),
            Declined => Some(json!({ "kind": "answer", "state": to, "reasons": ["cap.full"] })),
            _ => None,
        };
        if *to == Declined {
            body.insert("reasonGroups".into(), json!(["cap"]));
        }
        if let Some(content) = sealed {
            let sealed = team.staff.seal(session, &content).await?;
            let blob = team.staff.put(&team.group.to_string(), sealed).await?;
            body.insert("sealed".into(), json!(blob));
        }
        let moved: Value = team
            .staff
            .call(Method::POST, &format!("/api/requests/{id}/move"), &body)
            .await?;
        version = self::version(&moved)?;
    }
    Ok(())
}

fn version(record: &Value) -> Result<u64> {
    record
        .get("version")
        .and_then(Value::as_u64)
        .context("a record without version")
}

/// Reads the identifier of a tenant that a command printed.
///
/// # Errors
/// When there is none.
pub fn tenant_in(printed: &str) -> Result<wardseal_client::types::TenantId> {
    let word = printed
        .split_whitespace()
        .find(|word| word.starts_with("ten_"))
        .context("no tenant was made")?;
    wardseal_client::types::TenantId::from_str(word).context("no tenant was made")
}
