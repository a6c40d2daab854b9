-- Closed tables: another tenant reads and changes no row, and nobody writes the tracking tables.

begin;
select plan(9);

select tests.link(tests.supplier('Bloom'), tests.couple('Ann and Bob'));
insert into public.wedding_details (id, couple_id)
values (tests.id('wedding', 'Ann and Bob'), tests.couple('Ann and Bob'));
insert into public.form_responses (supplier_id, couple_id)
values (tests.supplier('Bloom'), tests.couple('Ann and Bob'));
insert into public.journey_progress (supplier_id) values (tests.supplier('Bloom'));
insert into public.core_fields (couple_id) values (tests.couple('Ann and Bob'));
select tests.supplier_user(tests.supplier('Bloom'));
select tests.supplier_user(tests.supplier('Petal'));


-- Another supplier

select tests.become_user(tests.supplier_user(tests.supplier('Petal')));
select is_empty(
    $$
        select w.id from public.wedding_details as w
        union all select f.id from public.form_responses as f
        union all select j.id from public.journey_progress as j
        union all select k.id from public.clients as k
        union all select f.id from public.core_fields as f
        union all select c.id from public.couples as c
    $$,
    'reference tables: another supplier reads no row'
);
select results_eq(
    $$ select u.id from public.user_profiles as u $$,
    $$ select tests.supplier_user(tests.supplier('Petal')) $$,
    'user_profiles: a user reads just their own'
);
select is_empty(
    $$ update public.form_responses set status = 'stolen' returning id $$,
    'form_responses: another supplier changes no row'
);
select is_empty(
    $$ delete from public.clients returning id $$, 'clients: another supplier deletes no row'
);
select throws_ok(
    $$ update public.user_profiles set supplier_id = tests.supplier('Bloom') $$,
    '42501', 'permission denied for table user_profiles',
    'user_profiles: nobody moves their own profile'
);

-- The tracking tables are closed to writers

select throws_ok(
    $$
        insert into public.realtime_subscriptions
            (user_id, channel_id, channel_name, table_name, topic_id, since, tenant_id)
        values (auth.uid(), 'x', 'x', 'x', 1, pg_current_snapshot(), gen_random_uuid())
    $$,
    '42501', 'permission denied for table realtime_subscriptions',
    'realtime_subscriptions: a user inserts no lease'
);
select throws_ok(
    $$ update public.realtime_subscriptions set last_ping_at = now() $$,
    '42501', 'permission denied for table realtime_subscriptions',
    'realtime_subscriptions: a user updates no lease'
);
select throws_ok(
    $$ delete from public.realtime_activity_logs $$,
    '42501', 'permission denied for table realtime_activity_logs',
    'realtime_activity_logs: a user deletes no row'
);
select tests.become_superuser();
select is_empty(
    $$
        select r.name
        from tests.our_relations as r
        where
            r.name not in ('realtime_subscriptions', 'realtime_activity_logs')
            and has_table_privilege(
                'authenticated', r.oid, 'select, insert, update, delete, truncate'
            )
    $$,
    'every other relation and partition: closed to users'
);

select * from finish();
rollback;
