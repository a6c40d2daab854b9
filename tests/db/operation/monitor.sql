-- Who may not look: the monitor reads views and no tables, users not even those.

begin;
select plan(9);

select tests.supplier_user(tests.supplier('Bloom'));
set local role wedsync_realtime_monitor;
select throws_ok(
    'select from ' || v.name, '42501', 'permission denied for table ' || split_part(v.name, '.', 2),
    v.name || ': the monitor may not read it'
)
from (values
    ('wedsync_realtime.events'), ('wedsync_realtime.settings'), ('wedsync_realtime.counters'),
    ('public.realtime_subscriptions'), ('public.realtime_activity_logs'), ('public.clients')
) as v (name);
reset role;
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select throws_ok(
    'select from wedsync_realtime.' || v.name, '42501', 'permission denied for view ' || v.name,
    v.name || ': users may not read it'
)
from (values ('live_connections'), ('noisy_tenants'), ('recent_activity')) as v (name);

select * from finish();
rollback;
