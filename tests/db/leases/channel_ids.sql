-- Channel ids: subscriptions that begin in one millisecond differ.

begin;
select plan(1);

create function tests.lease_written(connection integer) returns text language sql as $$
    select (wedsync_realtime.write_lease(
        tests.supplier_user(tests.supplier('Bloom')), tests.supplier('Bloom'), c,
        tests.supplier('Bloom'), jsonb_build_object('supplier_id', tests.supplier('Bloom')),
        lpad(connection::text, 32, '0')::uuid, pg_current_snapshot(),
        '2026-11-30 12:00:00.001+00', false
    )).channel_id
    from wedsync_realtime.channels as c where c.name = 'form-responses'
$$;
select results_eq(
    $$ select right(tests.lease_written(g.n), 13) from generate_series(1, 3) as g (n) $$,
    $$ values ('1796040000001'), ('1796040000002'), ('1796040000003') $$,
    'write_lease: connections of a user that begin in one millisecond get ids one after the other'
);

select * from finish();
rollback;
