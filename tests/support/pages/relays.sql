-- Two relays that live and one that died, as relays report themselves.

select wedsync_realtime.report_relay(r.told || jsonb_build_object('id', r.id))
from (values
    (
        '11111111-1111-4111-8111-111111111111'::uuid,
        '{
            "is_leader": true, "lag_events": 12, "lag_seconds": 0.004, "connections": 1234,
            "logins": 2001, "refused": {"signature": 2, "expired": 7}, "kicks": 3,
            "slow_consumers": 4, "published": 512345, "last_error": "The stream: no answer"
        }'::jsonb
    ),
    (
        '22222222-2222-4222-8222-222222222222',
        '{
            "is_leader": false, "lag_events": 0, "lag_seconds": 0, "connections": 1234,
            "logins": 1, "refused": {}, "kicks": 0, "slow_consumers": 4, "published": 0
        }'
    ),
    ('33333333-3333-4333-8333-333333333333', '{"is_leader": true, "published": 80}')
) as r (id, told);
update wedsync_realtime.relays set seen_at = now() - interval '5 minutes'
where id = '33333333-3333-4333-8333-333333333333';
update wedsync_realtime.relays set last_error_at = now() - interval '5 minutes';
