//! Drained nodes: an operator's word that holds until he takes it back, and stands in the journal.

use desk::journal::{Actor, Event};
use desk::ports::feed::Feed;
use store::{Store, StoreConfig};

use crate::support::{alone, folder};

#[test]
fn a_drained_node_stays_so_over_a_restart_and_each_change_is_noted_once() {
    alone(|| async {
        let config = StoreConfig::single(folder());
        let store = Store::open(config.clone()).await.unwrap();
        let nodes = store.drained_nodes();
        assert!(nodes.drain("gpu-1", Actor::Admin(7)).await.unwrap());
        assert!(!nodes.drain("gpu-1", Actor::Admin(8)).await.unwrap(), "it is already");
        assert!(nodes.drain("gpu-2", Actor::Admin(7)).await.unwrap());
        assert!(nodes.undrain("gpu-2", Actor::Admin(9)).await.unwrap());
        assert!(!nodes.undrain("gpu-2", Actor::Admin(9)).await.unwrap());
        let since = nodes.all().await.unwrap()[0].since;
        store.close().await.unwrap();

        let store = Store::open(config).await.unwrap();
        let drained = store.drained_nodes().all().await.unwrap();
        assert_eq!(drained, [store::DrainedNode { name: "gpu-1".to_owned(), since }]);
        let journal = store.feed().entries_after(0, 1000).await.unwrap();
        let noted = journal.into_iter().map(|row| row.entry).filter(|entry| entry.subject.is_some());
        let noted: Vec<_> = noted.map(|entry| (entry.actor, entry.event, entry.subject.unwrap())).collect();
        let said = |uid, event, node: &str| (Actor::Admin(uid), event, node.to_owned());
        assert_eq!(
            noted,
            [
                said(7, Event::NodeDrained, "gpu-1"),
                said(7, Event::NodeDrained, "gpu-2"),
                said(9, Event::NodeUndrained, "gpu-2")
            ]
        );
        store.close().await.unwrap();
    });
}
