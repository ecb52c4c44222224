//! Answers questions about many Deployments: which fulfil a condition, which fail, and what differs between two namespaces.

use super::{
    fault::Fault,
    reads::{PlaceRef, Reads},
    request::Request,
};
use crate::words;
use readback_core::{
    domain::Intent,
    policy::{Impossible, Reason},
};
use readback_nlu::short::inventory::{Inventory, Place};

impl Reads {
    /// The answer as one or more messages; `None` if the question is none about these clusters.
    pub(super) async fn inventory(
        &self,
        request: &Request<'_>,
        asked: &Inventory,
    ) -> Result<Option<Vec<String>>, Fault> {
        match asked {
            Inventory::Failing(place) => match places(request, place) {
                Ok(places) => self.health(request, places).await.map(Some),
                Err(missing) => Ok(Some(vec![missing])),
            },
            Inventory::Which { condition, place } => {
                let places = match places(request, place) {
                    Ok(places) => places,
                    Err(missing) => return Ok(Some(vec![missing])),
                };
                Ok(Some(match self.gather(request, Intent::List, places).await? {
                    Ok(found) if found.places.is_empty() => found.pages(vec![String::new()]),
                    Ok(found) => found.pages(words::which(&found.places, condition, &found.described)),
                    Err(refused) => vec![refused],
                }))
            }
            Inventory::Compare(one, other) => match (namespace(request, one), namespace(request, other)) {
                (Some(one), Some(other)) => self.compare(request, one, other).await.map(Some),
                _ => Ok(None),
            },
        }
    }

    async fn compare(&self, request: &Request<'_>, one: PlaceRef, other: PlaceRef) -> Result<Vec<String>, Fault> {
        // Both have to be seen: a name that is missing in a place that was not listed is no difference.
        for place in [&one, &other] {
            if let Err(denied) = request.may_in(Intent::List, &place.0, &place.1) {
                return Ok(vec![self.cx.refuse(request, &denied)]);
            }
        }
        Ok(match self.gather(request, Intent::List, vec![one.clone(), other.clone()]).await? {
            Ok(found) if found.places.count() == 2 => words::compared(&one, &other, &found.described),
            Ok(found) => found.pages(vec![String::new()]),
            Err(refused) => vec![refused],
        })
    }
}

/// The places that these words mean; the answer if there is none.
fn places(request: &Request<'_>, place: &Place) -> Result<Vec<PlaceRef>, String> {
    let (namespace, cluster) = (place.namespace.as_deref(), place.cluster.as_deref());
    request.directory.places(namespace, cluster).map_err(|missing| {
        let said = namespace.or(cluster).unwrap_or_default().to_owned();
        words::reasons(&[Reason::Impossible(Impossible::NotFound { said, place: Vec::new(), missing })])
    })
}

/// The only namespace that is called so.
fn namespace(request: &Request<'_>, name: &str) -> Option<PlaceRef> {
    let mut found = request.directory.places(Some(name), None).unwrap_or_default();
    found.retain(|(_, namespace)| namespace.as_str() == name);
    if found.len() == 1 { found.pop() } else { None }
}
