//! What must be true after every schedule.

use super::{Play, Reported};
use crate::conversation::execution::Execution;
use readback_core::change::{Answer, Change, ChangeRequest, Status};

impl Play {
    /// The invariants that must hold after every schedule.
    pub(super) fn check(&self, end: &ChangeRequest, schedule: &[usize]) {
        let server = self.world.server();
        let ends: Vec<Status> = end.items().map(Change::status).collect();
        let case = format!("schedule {schedule:?}: {ends:?}, told {:?}", self.told.borrow());
        assert!(server.written.iter().all(|id| end.item(*id).is_some()), "{case}");
        let writes = |change: &Change| server.written.iter().filter(|id| **id == change.id()).count();
        let mut written = Vec::new();
        for change in end.items() {
            let (status, writes) = (change.status(), writes(change));
            assert!(writes <= 1, "written {writes} times; {case}");
            // If the outcome is unknown, either is true.
            if status != Status::Unknown {
                assert_eq!(writes, usize::from(status == Status::Applied), "{status}; {case}");
            }
            // What was planned on another change is not written without it.
            let earlier = || written.iter().filter(|(target, _)| target == change.target());
            assert!(writes == 0 || earlier().all(|(_, writes)| *writes == 1), "{case}");
            written.push((change.target().clone(), writes));
        }
        let order: Vec<u32> = server.written.iter().filter_map(|id| Some(end.item(*id)?.order().position)).collect();
        assert!(end.by_object().len() > 1 || order.is_sorted(), "written in another order: {order:?}; {case}");
        let nothing = server.written.is_empty();
        for told in self.told.borrow().iter() {
            match told {
                Reported::Execution(Execution::Applied(change, _)) => assert_eq!(writes(change), 1, "{case}"),
                Reported::Execution(Execution::Ended(change)) => {
                    let says_no = matches!(change.status(), Status::Failed | Status::Stale);
                    assert!(!says_no || writes(change) == 0, "told that it was not applied; {case}");
                }
                Reported::Answer(Answer::Declined | Answer::Expired { .. } | Answer::Superseded { .. }) => {
                    assert!(nothing, "{case}");
                }
                Reported::Answer(answer @ Answer::AlreadyDecided { status, .. }) => {
                    // Of several, it tells the state of one.
                    let final_no = *status == Status::Declined
                        || end.single().is_some() && matches!(status, Status::Failed | Status::Stale);
                    assert!(!final_no || nothing, "{answer:?}; {case}");
                }
                Reported::Answer(..) | Reported::Execution(Execution::Elsewhere(_)) => {}
                Reported::Execution(Execution::Unknown) => panic!("it is on record; {case}"),
            }
        }
    }
}
