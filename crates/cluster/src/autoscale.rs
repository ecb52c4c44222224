//! The `HorizontalPodAutoscaler` of a Deployment: its current bounds, and the write that changes or creates it
//! (`autoscaling/v2`).

use k8s_openapi::{Resource as _, api::autoscaling::v2::HorizontalPodAutoscaler};
use kube::api::ListParams;
use serde_json::{Value, json};

use super::{
    CallError, Cluster, Live, PatchRefusal, Write,
    patch::{replace, test},
    surroundings::aims_at,
    verdict::plain,
};
use readback_core::domain::{Manifest, WriteKind};

/// The default CPU target of `kubectl autoscale` and the API server.
pub const USUAL_CPU: u32 = 80;

/// An autoscaler as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaler {
    /// Its name.
    pub name: String,
    /// Its minimum replicas.
    pub min: u32,
    /// Its maximum replicas.
    pub max: u32,
    /// Its target for the average utilization of the requested CPU, in percent, if it has one.
    pub cpu: Option<u32>,
    /// The controller that owns it, as `Kind name`, if there is one.
    pub controller: Option<String>,
    uid: String,
    /// The index of the CPU metric in its metrics.
    at: Option<usize>,
}

/// The requested bounds of an autoscaler. `None` leaves a value unchanged, or sets the default in a new autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The minimum replicas.
    pub min: Option<u32>,
    /// The maximum replicas.
    pub max: u32,
    /// The target for the average utilization of the requested CPU, in percent.
    pub cpu: Option<u32>,
}

impl Scaler {
    fn of(raw: &Value) -> Option<Self> {
        let text = |path: &str| raw.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let count = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
        let metrics = raw.pointer("/spec/metrics").and_then(Value::as_array).cloned().unwrap_or_default();
        let at = metrics.iter().position(|metric| {
            metric["type"] == "Resource"
                && metric["resource"]["name"] == "cpu"
                && metric["resource"]["target"]["type"] == "Utilization"
        });
        let owners = raw.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        let owner = owners.into_iter().flatten().find(|owner| owner["controller"] == true);
        let said = |value: &Value| plain(value.as_str().unwrap_or_default());
        Some(Self {
            name: text("/metadata/name").to_owned(),
            min: count(&raw["spec"]["minReplicas"]).unwrap_or(1),
            max: count(&raw["spec"]["maxReplicas"])?,
            cpu: at.and_then(|at| count(&metrics[at]["resource"]["target"]["averageUtilization"])),
            controller: owner.map(|owner| format!("{} {}", said(&owner["kind"]), said(&owner["name"]))),
            uid: text("/metadata/uid").to_owned(),
            at,
        })
    }
}

/// The write that sets the bounds of the autoscaler, or creates one if there is none.
pub fn autoscale(live: &Live, scaler: Option<&Scaler>, bounds: Bounds) -> Result<Write, PatchRefusal> {
    if live.terminating() {
        return Err(PatchRefusal::BeingDeleted);
    }
    let (object, uid) = (live.object().clone(), live.uid().to_owned());
    let Some(scaler) = scaler else {
        let manifest = Manifest(made(live, bounds));
        return Ok(Write {
            object,
            uid,
            patch: json_patch::Patch::default(),
            means: WriteKind::NewAutoscaler(manifest),
            acts_as: None,
            change: String::new(),
            claim: None,
        });
    };
    let mut operations = vec![test(["metadata", "uid"], json!(scaler.uid))];
    if bounds.max != scaler.max {
        let path = ["spec", "maxReplicas"];
        operations.extend([test(path, json!(scaler.max)), replace(path, json!(bounds.max))]);
    }
    if let Some(min) = bounds.min.filter(|min| *min != scaler.min) {
        let path = ["spec", "minReplicas"];
        operations.extend([test(path, json!(scaler.min)), replace(path, json!(min))]);
    }
    if let Some(cpu) = bounds.cpu.filter(|cpu| Some(*cpu) != scaler.cpu) {
        let (Some(at), Some(before)) = (scaler.at, scaler.cpu) else { return Err(PatchRefusal::OtherMetrics) };
        let at = at.to_string();
        let name = ["spec", "metrics", at.as_str(), "resource", "name"];
        let path = ["spec", "metrics", at.as_str(), "resource", "target", "averageUtilization"];
        operations.extend([test(name, json!("cpu")), test(path, json!(before)), replace(path, json!(cpu))]);
    }
    if operations.len() == 1 {
        return Err(PatchRefusal::Unchanged);
    }
    let means = WriteKind::Autoscaler { name: scaler.name.clone(), uid: scaler.uid.clone() };
    Ok(Write {
        object,
        uid,
        patch: json_patch::Patch(operations),
        means,
        acts_as: None,
        change: String::new(),
        claim: None,
    })
}

/// A new autoscaler with the name of its Deployment, as `kubectl autoscale` does.
fn made(live: &Live, bounds: Bounds) -> Value {
    let object = live.object();
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": object.name});
    let aim = json!({"type": "Utilization", "averageUtilization": bounds.cpu.unwrap_or(USUAL_CPU)});
    json!({
        "apiVersion": HorizontalPodAutoscaler::API_VERSION,
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": object.name, "namespace": object.namespace},
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": bounds.min.unwrap_or(1),
            "maxReplicas": bounds.max,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": aim}}],
        },
    })
}

impl Cluster {
    /// The autoscaler of a Deployment, if it has one. Needs `list` on horizontalpodautoscalers.
    pub async fn autoscaler(&self, live: &Live) -> Result<Option<Scaler>, CallError> {
        let all = self.items::<HorizontalPodAutoscaler>(&live.object().namespace, ListParams::default()).await?;
        Ok(all.iter().find(|raw| aims_at(raw, live.object().name.as_str())).and_then(Scaler::of))
    }

    /// Pins the deletion of an autoscaler to the current object, if it still is as the change left it.
    pub async fn pinned(&self, write: Write) -> Result<Option<Write>, CallError> {
        let WriteKind::DropAutoscaler { name, .. } = &write.means else { return Ok(Some(write)) };
        let Some(raw) = self.shown(&write).await?.filter(|raw| write.holds(raw)) else { return Ok(None) };
        let uid = raw.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut operations = vec![test(["metadata", "uid"], json!(uid))];
        operations.extend(write.patch.0.iter().cloned());
        let means = WriteKind::DropAutoscaler { name: name.clone(), uid };
        Ok(Some(Write { patch: json_patch::Patch(operations), means, ..write }))
    }
}

/// The tests that a created autoscaler must still pass for its creation to be undone.
pub fn as_made(manifest: &Manifest) -> json_patch::Patch {
    let of = |field: &str| manifest.0["spec"][field].clone();
    let tests =
        ["minReplicas", "maxReplicas", "metrics", "scaleTargetRef"].map(|field| test(["spec", field], of(field)));
    json_patch::Patch(tests.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{deployment, live_of};

    fn raw(metrics: &Value) -> Value {
        json!({"metadata": {"name": "web", "uid": "h1"}, "spec": {"minReplicas": 2, "maxReplicas": 6, "metrics": metrics}})
    }

    fn cpu(percent: u32) -> Value {
        json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}})
    }

    #[test]
    fn only_differences_are_written_and_their_old_values_are_tested() {
        let live = live_of(&deployment());
        let memory = json!({"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}});
        let scaler = Scaler::of(&raw(&json!([memory, cpu(70)]))).unwrap();
        let write = autoscale(&live, Some(&scaler), Bounds { min: Some(2), max: 9, cpu: Some(60) }).unwrap();
        assert_eq!(
            serde_json::to_value(&write.patch).unwrap(),
            json!([
                {"op": "test", "path": "/metadata/uid", "value": "h1"},
                {"op": "test", "path": "/spec/maxReplicas", "value": 6},
                {"op": "replace", "path": "/spec/maxReplicas", "value": 9},
                {"op": "test", "path": "/spec/metrics/1/resource/name", "value": "cpu"},
                {"op": "test", "path": "/spec/metrics/1/resource/target/averageUtilization", "value": 70},
                {"op": "replace", "path": "/spec/metrics/1/resource/target/averageUtilization", "value": 60},
            ])
        );
        let same = autoscale(&live, Some(&scaler), Bounds { min: None, max: 6, cpu: Some(70) });
        assert_eq!(same.unwrap_err(), PatchRefusal::Unchanged);
    }

    #[test]
    fn a_cpu_target_is_not_added_to_other_metrics() {
        let live = live_of(&deployment());
        let external = Scaler::of(&raw(&json!([{"type": "External"}]))).unwrap();
        let refused = autoscale(&live, Some(&external), Bounds { min: None, max: 9, cpu: Some(60) });
        assert_eq!(refused.unwrap_err(), PatchRefusal::OtherMetrics);
        assert!(autoscale(&live, Some(&external), Bounds { min: None, max: 9, cpu: None }).is_ok());
    }

    #[test]
    fn a_new_autoscaler_has_all_its_bounds() {
        let write = autoscale(&live_of(&deployment()), None, Bounds { min: None, max: 5, cpu: None }).unwrap();
        let WriteKind::NewAutoscaler(manifest) = &write.means else { panic!("it is made") };
        assert_eq!(manifest.name(), "web");
        assert_eq!(manifest.0["spec"]["minReplicas"], 1);
        assert_eq!(manifest.0["spec"]["metrics"], json!([cpu(80)]));
        assert_eq!(manifest.0["spec"]["scaleTargetRef"]["name"], "web");
        let mut raw = manifest.0.clone();
        let undo = Write { patch: as_made(manifest), means: WriteKind::Delete, ..write.clone() };
        assert!(undo.holds(&raw));
        raw["spec"]["maxReplicas"] = json!(6);
        assert!(!undo.holds(&raw), "somebody has changed it since");
    }
}
