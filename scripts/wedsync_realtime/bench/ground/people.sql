-- Suppliers with users and leases, by name and number, so that nothing has to be looked up.

create function bench.supplier_id(name text) returns uuid language sql immutable
return md5('supplier ' || name)::uuid;

create function bench.user_id(name text, number integer) returns uuid language sql immutable
return md5('user ' || name || ' ' || number)::uuid;

create function bench.add_supplier(name text, users integer) returns void language sql as $$
    insert into public.suppliers (id, business_name)
    select bench.supplier_id(name), add_supplier.name;
    insert into auth.users (id)
    select bench.user_id(name, n) from generate_series(1, users) as n;
    insert into public.user_profiles (id, user_type, supplier_id)
    select bench.user_id(name, n), 'supplier', bench.supplier_id(name)
    from generate_series(1, users) as n;
$$;

-- Opens the lease of the first user as the package does.
create function bench.subscribe(name text) returns jsonb language sql as $$
    select set_config(
        'request.jwt.claims',
        jsonb_build_object('sub', bench.user_id(name, 1), 'role', 'authenticated')::text,
        true
    );
    select public.realtime_subscribe(
        array['form-responses'], jsonb_build_object('supplier_id', bench.supplier_id(name))
    );
$$;

-- What inserts a copy of a row of a table, with other expressions for some of its columns: their
-- names, and the select list. Generated columns make themselves.
create function bench.copied(relation regclass, alias text, others jsonb) returns text
language sql as $$
    select format(
        '(%s) select %s',
        string_agg(format('%I', a.attname), ', ' order by a.attnum),
        string_agg(
            coalesce(others ->> a.attname, format('%I.%I', alias, a.attname)), ', '
            order by a.attnum
        )
    )
    from pg_attribute as a
    where
        a.attrelid = relation and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = ''
$$;

-- Copies that lease for further users, one each.
create function bench.add_leases(name text, first integer, last integer) returns void
language plpgsql as $$
begin
    execute format(
        'insert into public.realtime_subscriptions %s '
        'from public.realtime_subscriptions as s '
        'cross join generate_series($2, $3) as n '
        'cross join lateral (select bench.user_id($1, n) as id) as u '
        'where s.user_id = bench.user_id($1, 1)',
        bench.copied('public.realtime_subscriptions', 's', jsonb_build_object(
            'id', 'gen_random_uuid()',
            'user_id', 'u.id',
            'channel_id', 's.channel_name || ''-'' || u.id || ''-1700000000000'''
        ))
    ) using name, first, last;
end
$$;

-- Copies the latest event for tenants in turn, as recorded some seconds ago.
create function bench.add_events(number integer, tenants uuid[], age double precision)
returns void language plpgsql as $$
begin
    create table if not exists bench.event as
    select e.* from wedsync_realtime.events as e order by e.id desc limit 1;
    execute format(
        'insert into wedsync_realtime.events %s '
        'from bench.event as e cross join generate_series(1, $1) as n',
        bench.copied('wedsync_realtime.events', 'e', jsonb_build_object(
            'id', 'nextval(''wedsync_realtime.events_id_seq'')',
            'xid', 'pg_current_xact_id()',
            'created_at', 'now() - make_interval(secs => $3)',
            'tenant_id', '$2[1 + n % cardinality($2)]'
        ))
    ) using number, tenants, age;
end
$$;
