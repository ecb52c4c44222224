//! Who may decide a change at this moment: by what is on record and by the policy of today, for everybody who is involved.

use std::sync::Arc;

use super::{
    context::{Context, now},
    executor::Executor,
    fault::{At, Fault},
    keys::verb_of,
    posting::Reporter,
    request::Request,
};
use crate::words;
use readback_core::{
    change::{Authorization, Change, Manifest, Order, State, WriteKind},
    domain::{ObjectRef, Person},
    policy::{AccessRequest, Approval},
};
use readback_webex::WebexError;

/// Who may decide a change, and what follows a decision.
#[derive(Clone, Debug)]
pub(super) struct Approvals {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) executor: Executor,
}

impl Approvals {
    /// What the policy says, now, about this person deciding this change: by what is on record and by what holds today.
    pub(super) async fn authorization(
        &self,
        request: &Request<'_>,
        change: &Change,
        approve: bool,
    ) -> Result<Authorization, Fault> {
        let order = change.order();
        let requester = order.requester.person_id == request.person.id;
        if !approve && requester {
            return Ok(Ok(()));
        }
        let today = request.policy.limits(&order.target).approval;
        let asked = asked(order, request.person);
        if !requester {
            let mut demands = vec![&order.approval];
            if today != order.approval && today != Approval::Own {
                demands.push(&today);
            }
            for demand in demands {
                if let Err(why) = request.policy.may_approve(demand, &asked, &order.requester.person_id) {
                    return Ok(Err(why));
                }
            }
        }
        if !approve {
            return Ok(Ok(()));
        }
        if today.strictness() > order.approval.strictness() {
            return Ok(Err(words::STRICTER_NOW.to_owned()));
        }
        if let Err(why) = self.earlier_still_count(request, change).await? {
            return Ok(Err(why));
        }
        // Whoever ordered it must still be allowed to.
        let name = |person: &Person| request.policy.acts_as(person).is_ok_and(|name| name == order.acts_as);
        let same_name = |person: &Person| if name(person) { Ok(()) } else { Err(words::ANOTHER_NAME.to_owned()) };
        let ordered = if requester {
            request.policy.may(&asked).and_then(|()| same_name(request.person))
        } else {
            match self.cx.webex.person(&order.requester.person_id).await {
                Ok(person) => request.policy.may(&self::asked(order, &person)).and_then(|()| same_name(&person)),
                Err(WebexError::NotFound { .. }) => return Ok(Err(words::REQUESTER_GONE.to_owned())),
                Err(error) => return Err(error).before(request.place, "asking who ordered it"),
            }
        };
        if let Err(denied) = ordered {
            return Ok(Err(denied));
        }
        Ok(still_allowed(request, order))
    }

    /// Whether everybody who has said yes before may still say it.
    async fn earlier_still_count(&self, request: &Request<'_>, change: &Change) -> Result<Authorization, Fault> {
        let State::Waiting { approvals } = change.state() else { return Ok(Ok(())) };
        let order = change.order();
        for yes in approvals {
            let counts = match self.cx.webex.person(&yes.by.person_id).await {
                Ok(person) => request
                    .policy
                    .may_approve(&order.approval, &asked(order, &person), &order.requester.person_id)
                    .is_ok(),
                Err(WebexError::NotFound { .. }) => false,
                Err(error) => return Err(error).before(request.place, "asking who has said yes"),
            };
            if !counts {
                return Ok(Err(words::yes_lapsed(&yes.by.name)));
            }
        }
        Ok(Ok(()))
    }
}

/// Whether the policy still allows the change itself: limits and hours may be others than when it was ordered.
fn still_allowed(request: &Request<'_>, order: &Order) -> Authorization {
    if let Some(quiet) = request.policy.quiet(&order.target, now()) {
        return Err(quiet);
    }
    let limits = request.policy.limits(&order.target);
    if let WriteKind::Recreate(manifest) = &order.means
        && let Some(refusal) = refused_manifest(request, &order.target, manifest)
    {
        return Err(refusal);
    }
    let most = order
        .draft
        .as_ref()
        .filter(|draft| draft.intent == readback_core::domain::Intent::Autoscale)
        .and_then(|draft| draft.max);
    if let Some(n) = most.filter(|n| *n > limits.max_replicas) {
        return Err(words::above_limit_now(&order.target, n, limits.max_replicas));
    }
    for effect in &order.effects {
        match effect.after.parse::<u32>() {
            Ok(n) if effect.what == "replicas" && n > limits.max_replicas => {
                return Err(words::above_limit_now(&order.target, n, limits.max_replicas));
            }
            _ => {}
        }
        if effect.what.starts_with("image")
            && let Ok(image) = readback_core::domain::ImageReference::parse(&effect.after)
            && let Some(refusal) = limits.images.refuses(&image)
        {
            return Err(refusal);
        }
    }
    Ok(())
}

/// Why today's policy does not let a Deployment be made like this, if it does not.
pub(super) fn refused_manifest(request: &Request<'_>, object: &ObjectRef, manifest: &Manifest) -> Option<String> {
    let limits = request.policy.limits(object);
    let replicas = manifest.0.pointer("/spec/replicas").and_then(serde_json::Value::as_u64).unwrap_or(1);
    let replicas = u32::try_from(replicas).unwrap_or(u32::MAX);
    if replicas > limits.max_replicas {
        return Some(words::above_limit_now(object, replicas, limits.max_replicas));
    }
    let listed = |list: &str| {
        let all = manifest.0.pointer(&format!("/spec/template/spec/{list}")).and_then(serde_json::Value::as_array);
        all.into_iter().flatten().filter_map(|one| one["image"].as_str()).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut images = listed("containers").into_iter().chain(listed("initContainers"));
    images.find_map(|image| limits.images.refuses(&readback_core::domain::ImageReference::parse(&image).ok()?))
}

/// What the policy is asked about an order, of this person.
fn asked<'a>(order: &'a Order, person: &'a readback_core::domain::Person) -> AccessRequest<'a> {
    AccessRequest {
        person,
        room: &order.room_id,
        private: order.private,
        verb: verb_of(order),
        object: Some(&order.target),
    }
}
