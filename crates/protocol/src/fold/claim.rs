//! How a pending recipient becomes a member. See `spec/11-escrow.md`.

use wardseal_types::{FixedBytes, MemberId, UserId};

use super::Step;
use crate::{
    escrow::{Claim, Policy, Receipt, TenantReceipt},
    op::Rights,
    reach::Search,
    refusal::Refusal,
    state::SessionState,
};

impl Step<'_> {
    /// A pending recipient becomes a member: by himself, with both parties' receipts, or through a
    /// member who may share, where the policy leaves it to him.
    pub(super) fn claim(
        &self,
        state: &mut SessionState,
        author: UserId,
        claim: &Claim,
    ) -> Result<(), Refusal> {
        let terms = &claim.terms;
        let pending = MemberId::Pending(terms.id());
        if !terms.is_whole() || terms.tenant != self.statement.tenant() {
            return Err(Refusal::NotAMember(pending));
        }
        let rights = state
            .ring
            .member_at(&pending, self.position)
            .ok_or(Refusal::NotAMember(pending))?;
        if self.statement.body().time > terms.expires {
            return Err(Refusal::EscrowExpired);
        }
        self.check_named(claim.member, &terms.index)?;
        let newest = state.ring.newest().ok_or(Refusal::BadEpoch)?;
        let receipt = Receipt {
            tenant: terms.tenant,
            session: state.id,
            pending: terms.id(),
            member: claim.member,
            commitment: newest.declared.commitment,
            policy: terms.policy,
        };
        self.check_receipts(&receipt, claim)?;
        let released = claim.server.is_some() && claim.tenant.is_some();
        if !(released && terms.policy.has_shares() && self.is_within(author, claim.member)?) {
            let left_to_members = match terms.policy {
                Policy::Confirmed | Policy::Assigned => true,
                Policy::Verified => claim.server.is_some(),
                Policy::Code => false,
            };
            let mut search = Search::new(author, self.position, self.world);
            let held = search.rights(state);
            if !held.is_some_and(|held| held.contains(Rights::SHARE.union(rights))) {
                return Err(search.refusal());
            }
            if !left_to_members {
                return Err(Refusal::BadReceipt);
            }
        }
        state
            .ring
            .claim(pending, claim.member, &claim.entry, self.position)
    }

    /// Every receipt that a claim carries is good.
    fn check_receipts(&self, receipt: &Receipt, claim: &Claim) -> Result<(), Refusal> {
        let tenant = self.world.tenant().ok_or(Refusal::WrongTenant)?;
        if let Some(signature) = &claim.server {
            receipt
                .verify_server(&tenant.log, signature)
                .map_err(|_| Refusal::BadReceipt)?;
        }
        if let Some(TenantReceipt { key, signature }) = &claim.tenant {
            let key = tenant.key_at(key, self.position);
            receipt
                .verify_tenant(key.ok_or(Refusal::BadReceipt)?, signature)
                .map_err(|_| Refusal::BadReceipt)?;
        }
        Ok(())
    }

    /// The claimant carried the name when he claimed.
    fn check_named(&self, member: MemberId, index: &FixedBytes<32>) -> Result<(), Refusal> {
        let names = match member {
            MemberId::User(id) => {
                let state = self.world.user(&id).ok_or(Refusal::UnknownAuthor(id))?;
                &state.names
            }
            MemberId::Group(id) => {
                let state = self.world.group(&id).ok_or(Refusal::UnknownGroup(id))?;
                &state.names
            }
            _ => return Err(Refusal::WrongMember(member)),
        };
        if names.at(self.position) == Some(*index) {
            Ok(())
        } else {
            Err(Refusal::NotNamed(member))
        }
    }

    /// Whether the author is the claimant, or in the group that claims.
    fn is_within(&self, author: UserId, member: MemberId) -> Result<bool, Refusal> {
        match member {
            MemberId::User(id) => Ok(id == author),
            MemberId::Group(id) => {
                let state = self.world.group(&id).ok_or(Refusal::UnknownGroup(id))?;
                let mut search = Search::new(author, self.position, self.world);
                Ok(search.role(state).is_some())
            }
            _ => Ok(false),
        }
    }
}
