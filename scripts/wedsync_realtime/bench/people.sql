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

-- Copies that lease for further users, one each.
create function bench.add_leases(name text, first integer, last integer)
returns void language sql as $$
    insert into public.realtime_subscriptions
    select c.*
    from public.realtime_subscriptions as s
    cross join generate_series(first, last) as n
    cross join lateral (select bench.user_id(name, n) as user_id) as u
    cross join lateral jsonb_populate_record(s, jsonb_build_object(
        'id', gen_random_uuid(),
        'user_id', u.user_id,
        'channel_id', s.channel_name || '-' || u.user_id || '-1700000000000'
    )) as c
    where s.user_id = bench.user_id(name, 1);
$$;
