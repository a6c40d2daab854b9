-- Support, who asks as the monitor: finds whom it is told about, and nobody else may ask.

begin;
select plan(13);

-- not printed: an id that begins with 1 could be read as a plan
create temporary table made as
select
    tests.supplier('Bloom') as first,
    tests.supplier('50 % Bloom_') as second,
    tests.couple('Bloom and Bob') as third,
    tests.couple('Ann and Bob') as fourth,
    tests.supplier_user(tests.supplier('Bloom'), 'owner') as owner,
    tests.couple_user(tests.couple('Ann and Bob')) as partner,
    tests.signed_up('stranger') as stranger;

set local role wedsync_realtime_monitor;
select results_eq(
    $$ select kind, name from wedsync_realtime.find_people(' bLOO ') $$,
    $$ values ('supplier', 'Bloom'), ('couple', 'Bloom and Bob'), ('supplier', '50 % Bloom_') $$,
    'find_people: part of a name finds suppliers and couples, those that begin with it first'
);
select results_eq(
    $$ select name from wedsync_realtime.find_people('%') $$,
    $$ values ('50 % Bloom_') $$,
    'find_people: a percent sign is a letter'
);
select results_eq(
    $$ select name from wedsync_realtime.find_people('_') $$,
    $$ values ('50 % Bloom_') $$,
    'find_people: an underscore is a letter'
);
select is_empty(
    $$ select * from wedsync_realtime.find_people('  ') $$,
    'find_people: nothing asked for finds nobody'
);
select is_empty(
    $$ select * from wedsync_realtime.find_people(null) $$,
    'find_people: null finds nobody'
);
select is_empty(
    $$ select * from wedsync_realtime.find_people('11111111-1111') $$,
    'find_people: a part of an id finds nobody'
);
select results_eq(
    $$ select kind, id, name, tenant_kind
    from wedsync_realtime.find_people(tests.id('supplier', 'Bloom')::text) $$,
    $$ values
        ('supplier', tests.id('supplier', 'Bloom'), 'Bloom', 'supplier'),
        ('user', tests.id('user', tests.id('supplier', 'Bloom') || ' owner'), null, 'supplier') $$,
    'find_people: the id of a supplier finds it and its users'
);
select results_eq(
    $$ select kind, tenant_id, tenant_kind, tenant_name from wedsync_realtime.find_people(
        upper(replace((
            select u.id::text from wedsync_realtime.find_people(
                tests.id('couple', 'Ann and Bob')::text
            ) as u where u.kind = 'user'
        ), '-', ''))
    ) $$,
    $$ values ('user', tests.id('couple', 'Ann and Bob'), 'couple', 'Ann and Bob') $$,
    'find_people: the id of a user, however it is written, finds the user and the couple'
);
select results_eq(
    $$ select kind, id, tenant_id
    from wedsync_realtime.find_people(tests.id('user', 'stranger')::text) $$,
    $$ values ('user', tests.id('user', 'stranger'), null::uuid) $$,
    'find_people: an id without a profile is a user, about whom explain_access can tell'
);

select tests.become_superuser();
select count(tests.supplier('Bloom ' || n)) from generate_series(1, 60) as n;
set local role wedsync_realtime_monitor;
select is(
    (select count(*) from wedsync_realtime.find_people('bloom')), 50::bigint,
    'find_people: at most 50 are found'
);

select tests.become_superuser();
alter table public.suppliers rename column business_name to company;
set local role wedsync_realtime_monitor;
select lives_ok(
    $$ select * from wedsync_realtime.find_people('bloom') $$,
    'find_people: names that the application keeps elsewhere stop nothing'
);
select is(
    (select count(*) from wedsync_realtime.find_people(tests.id('supplier', 'Bloom')::text)),
    2::bigint,
    'find_people: ids are found all the same'
);
select tests.become_user(tests.id('user', 'stranger'));
select throws_ok(
    $$ select wedsync_realtime.find_people('bloom') $$,
    '42501', 'permission denied for function find_people',
    'find_people: users may not ask'
);

select * from finish();
rollback;
