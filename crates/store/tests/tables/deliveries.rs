//! What the table of deliveries promises.

use kakaw_core::webhook::{DeliveryState, Notice};
use kakaw_store::{Error, deliveries};
use kakaw_wire::event::UnlinkReason;

use super::*;

const NOTICE: Notice = Notice::Unlink { user_id: UserId(1 << 32), referrer_type: UnlinkReason::AccountDelete };

#[tokio::test]
async fn a_delivery_waits_is_held_and_ends_and_an_impossible_state_is_an_error() {
    each_database(async |store| {
        let kind = NOTICE.kind();
        for id in 1..=3 {
            done(&store, vec![deliveries::insert(id, AppId(1), &NOTICE, NOW)]).await;
        }
        let states = async || {
            let last = deliveries::last(&store, AppId(1), 9).await?;
            Ok::<_, Error>(last.iter().map(|delivery| (delivery.id, delivery.state)).collect::<Vec<_>>())
        };
        let waiting = DeliveryState::Waiting;
        assert_eq!(states().await.unwrap(), [(3, waiting), (2, waiting), (1, waiting)]);
        let taken = deliveries::take(&store, NOW, "lease", NOW + Span::seconds(20), 9).await.unwrap();
        assert_eq!(taken.len(), 3);
        let ends = vec![
            deliveries::pause(1, "lease"),
            deliveries::deliver(2, "lease", "202"),
            deliveries::give_up(3, "lease", "500"),
        ];
        done(&store, ends).await;
        let ended = [(3, DeliveryState::Failed), (2, DeliveryState::Delivered), (1, DeliveryState::Held)];
        assert_eq!(states().await.unwrap(), ended);
        for (_, state) in ended {
            assert_eq!(deliveries::count(&store, AppId(1), kind, state).await.unwrap(), 1, "{state:?}");
        }
        done(&store, vec![deliveries::release(AppId(1), kind, NOW)]).await;
        assert_eq!(states().await.unwrap()[2], (1, waiting));
        done(&store, vec![db::sql("update deliveries set state = $1 where id = 2").bind("lost")]).await;
        let error = states().await.unwrap_err();
        assert!(matches!(&error, Error::Inconsistent { column, .. } if column == "state"), "{error:?}");
    })
    .await;
}
