"""The text of the ``fx`` helpers for dates. Data only; ``prelude`` puts the parts together."""

from __future__ import annotations

DATES = r"""
CREATE OR REPLACE FUNCTION fx.date_text(d date) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT lpad(extract(year FROM d)::text, 4, '0') || '-' || lpad(extract(month FROM d)::text, 2, '0') || '-'
    || lpad(extract(day FROM d)::text, 2, '0') $f$;
CREATE OR REPLACE FUNCTION fx.instant_text(x timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.format(x AT TIME ZONE 'UTC', ARRAY['YYYY', '''-', 'MM', '''-', 'DD', '''T',
    'HH', ''':', 'mm', ''':', 'ss', '''.'])
    || lpad((extract(microseconds FROM x AT TIME ZONE 'UTC')::int % 1000000 / 1000)::text, 3, '0') || 'Z' $f$;
CREATE OR REPLACE FUNCTION fx.month_length(y int, m int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN m = 2 THEN CASE WHEN y % 4 = 0 AND (y % 100 <> 0 OR y % 400 = 0) THEN 29 ELSE 28 END
    WHEN m IN (4, 6, 9, 11) THEN 30 ELSE 31 END $f$;
CREATE OR REPLACE FUNCTION fx.date(y numeric, m numeric, d numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
BEGIN
  y := trunc(y); m := trunc(m); d := trunc(d);
  IF y NOT BETWEEN 1 AND 9999 OR m NOT BETWEEN 1 AND 12 THEN RETURN NULL; END IF;
  IF d NOT BETWEEN 1 AND fx.month_length(y::int, m::int) THEN RETURN NULL; END IF;
  RETURN make_date(y::int, m::int, d::int);
END $f$;
CREATE OR REPLACE FUNCTION fx.instant(x timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN x >= timestamptz '0001-01-01 00:00:00+00'
    AND x < timestamptz '10000-01-01 00:00:00+00' THEN x END $f$;
CREATE OR REPLACE FUNCTION fx.local(x timestamptz, z text) RETURNS timestamp
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE l timestamp := x AT TIME ZONE z;
BEGIN
  RETURN CASE WHEN l >= timestamp '0001-01-01' AND l < timestamp '10000-01-01' THEN l END;
END $f$;
CREATE OR REPLACE FUNCTION fx.to_utc(l timestamp, z text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE t timestamptz := l AT TIME ZONE 'UTC'; b timestamptz; a timestamptz; o1 interval; o2 interval; r timestamptz;
BEGIN
  b := t - interval '24 hours'; a := t + interval '24 hours';
  o1 := (b AT TIME ZONE z) - (b AT TIME ZONE 'UTC'); o2 := (a AT TIME ZONE z) - (a AT TIME ZONE 'UTC');
  r := t - o1;
  IF r AT TIME ZONE z <> l AND (t - o2) AT TIME ZONE z = l THEN r := t - o2; END IF;
  RETURN fx.instant(r);
END $f$;
CREATE OR REPLACE FUNCTION fx.datetime(d date, h numeric, mi numeric, s numeric, z text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
BEGIN
  h := trunc(h); mi := trunc(mi); s := trunc(s);
  IF h NOT BETWEEN 0 AND 23 OR mi NOT BETWEEN 0 AND 59 OR s NOT BETWEEN 0 AND 59 THEN RETURN NULL; END IF;
  RETURN fx.to_utc(d + make_time(h::int, mi::int, s::int::double precision), z);
END $f$;
CREATE OR REPLACE FUNCTION fx.datevalue(x text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE m text[];
BEGIN
  m := regexp_match(btrim(x, @BLANKS@), '^([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})$');
  RETURN CASE WHEN m IS NOT NULL THEN fx.date(m[1]::numeric, m[3]::numeric, m[4]::numeric) END;
END $f$;
CREATE OR REPLACE FUNCTION fx.datetimevalue(x text, z text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE m text[]; d date; l timestamp; o int;
BEGIN
  m := regexp_match(btrim(x, @BLANKS@), '^([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})'
    || '(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?(Z|[+-][0-9]{2}:[0-9]{2})?$');
  IF m IS NULL THEN RETURN NULL; END IF;
  d := fx.date(m[1]::numeric, m[2]::numeric, m[3]::numeric);
  IF d IS NULL OR m[4]::int > 23 OR m[5]::int > 59 OR coalesce(m[6], '0')::int > 59 THEN RETURN NULL; END IF;
  l := d + make_time(m[4]::int, m[5]::int, (coalesce(m[6], '0') || '.' || coalesce(m[7], '0'))::double precision);
  IF m[8] IS NULL THEN RETURN fx.to_utc(l, z); END IF;
  IF m[8] = 'Z' THEN RETURN l AT TIME ZONE 'UTC'; END IF;
  o := substr(m[8], 2, 2)::int * 60 + substr(m[8], 5, 2)::int;
  IF substr(m[8], 5, 2)::int > 59 OR o > 900 THEN RETURN NULL; END IF;
  RETURN fx.instant((l - make_interval(mins => CASE WHEN left(m[8], 1) = '+' THEN o ELSE -o END)) AT TIME ZONE 'UTC');
END $f$;
CREATE OR REPLACE FUNCTION fx.weekday(d date, t numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN t = 1 THEN extract(dow FROM d) + 1 ELSE extract(isodow FROM d) END::numeric $f$;
CREATE OR REPLACE FUNCTION fx.weeknum(d date, t numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE first int; shift int;
BEGIN
  IF t = 21 THEN RETURN extract(week FROM d)::numeric; END IF;
  first := CASE t WHEN 1 THEN 6 WHEN 2 THEN 0 ELSE (t - 11)::int % 7 END;
  shift := (extract(isodow FROM make_date(extract(year FROM d)::int, 1, 1))::int - 1 - first + 7) % 7;
  RETURN (extract(doy FROM d)::int - 1 + shift) / 7 + 1;
END $f$;
CREATE OR REPLACE FUNCTION fx.adddays(d date, n numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p numeric := (d - date '0001-01-01') + trunc(n);
BEGIN
  RETURN CASE WHEN p BETWEEN 0 AND 3652058 THEN date '0001-01-01' + p::int END;
END $f$;
CREATE OR REPLACE FUNCTION fx.addmonths(d date, n numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p numeric := extract(year FROM d)::int * 12 + extract(month FROM d)::int - 1 + trunc(n); y int; m int;
BEGIN
  IF p NOT BETWEEN 12 AND 119999 THEN RETURN NULL; END IF;
  y := p::int / 12; m := p::int % 12 + 1;
  RETURN make_date(y, m, least(extract(day FROM d)::int, fx.month_length(y, m)));
END $f$;
CREATE OR REPLACE FUNCTION fx.eomonth(d date, n numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE f date := fx.addmonths(make_date(extract(year FROM d)::int, extract(month FROM d)::int, 1), n);
BEGIN
  RETURN f + (fx.month_length(extract(year FROM f)::int, extract(month FROM f)::int) - 1);
END $f$;
CREATE OR REPLACE FUNCTION fx.dateadd(d date, n numeric, u text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE u WHEN 'day' THEN fx.adddays(d, n) WHEN 'week' THEN fx.adddays(d, trunc(n) * 7)
    WHEN 'month' THEN fx.addmonths(d, n) WHEN 'quarter' THEN fx.addmonths(d, trunc(n) * 3)
    WHEN 'year' THEN fx.addmonths(d, trunc(n) * 12) END $f$;
CREATE OR REPLACE FUNCTION fx.addseconds(x timestamptz, s numeric) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE e numeric := extract(epoch FROM x) + s; days numeric;
BEGIN
  IF e < -62135596800 OR e >= 253402300800 THEN RETURN NULL; END IF;
  days := floor(e / 86400);
  RETURN (timestamp '1970-01-01' + make_interval(days => days::int, secs => (e - days * 86400)::double precision))
    AT TIME ZONE 'UTC';
END $f$;
CREATE OR REPLACE FUNCTION fx.dateadd_instant(x timestamptz, n numeric, u text, z text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE l timestamp; size int := CASE u WHEN 'hour' THEN 3600 WHEN 'minute' THEN 60 WHEN 'second' THEN 1 END;
BEGIN
  IF size IS NOT NULL THEN RETURN fx.addseconds(x, trunc(n) * size); END IF;
  l := fx.local(x, z);
  RETURN fx.to_utc(fx.dateadd(l::date, n, u) + l::time, z);
END $f$;
CREATE OR REPLACE FUNCTION fx.months(a date, b date) RETURNS int
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p date := least(a, b); q date := greatest(a, b);
BEGIN
  RETURN sign(b - a) * ((extract(year FROM q)::int - extract(year FROM p)::int) * 12 + extract(month FROM q)::int
    - extract(month FROM p)::int - (extract(day FROM q) < extract(day FROM p))::int);
END $f$;
CREATE OR REPLACE FUNCTION fx.datedif(a date, b date, u text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE u WHEN 'D' THEN b - a WHEN 'W' THEN (b - a) / 7 WHEN 'M' THEN fx.months(a, b)
    WHEN 'Y' THEN fx.months(a, b) / 12 END::numeric $f$;
CREATE OR REPLACE FUNCTION fx.datedif_instant(a timestamptz, b timestamptz, u text, z text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE size int := CASE u WHEN 'h' THEN 3600 WHEN 'm' THEN 60 WHEN 's' THEN 1 END;
BEGIN
  IF size IS NOT NULL THEN RETURN div(extract(epoch FROM (b - a))::numeric, size); END IF;
  RETURN fx.datedif(fx.local(a, z)::date, fx.local(b, z)::date, u);
END $f$;
CREATE OR REPLACE FUNCTION fx.startof(d date, u text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE y int := extract(year FROM d); m int := extract(month FROM d);
BEGIN
  RETURN CASE u WHEN 'week' THEN fx.adddays(d, 1 - extract(isodow FROM d)::int) WHEN 'month' THEN make_date(y, m, 1)
    WHEN 'quarter' THEN make_date(y, (m - 1) / 3 * 3 + 1, 1) WHEN 'year' THEN make_date(y, 1, 1) ELSE d END;
END $f$;
CREATE OR REPLACE FUNCTION fx.startof_instant(x timestamptz, u text, z text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.to_utc(fx.startof(fx.local(x, z)::date, u)::timestamp, z) $f$;
CREATE OR REPLACE FUNCTION fx.seconds(x numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN abs(round(x, 3)) < 1e12::numeric THEN trim_scale(round(x, 3)) END $f$;
CREATE OR REPLACE FUNCTION fx.duration_over(a numeric, n numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN n = 0 THEN NULL ELSE fx.seconds(div(a * 1000000, n) * 0.000001) END $f$;
CREATE OR REPLACE FUNCTION fx.day_intervals(d date, c jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN c -> 'workdays' ? fx.date_text(d) THEN c -> 'week' -> (c -> 'workdays' ->> fx.date_text(d))::int
    WHEN c -> 'holidays' ? fx.date_text(d) THEN '[]'::jsonb
    ELSE c -> 'week' -> (extract(isodow FROM d)::int - 1) END $f$;
CREATE OR REPLACE FUNCTION fx.is_workday(d date, c jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.day_intervals(d, c) <> '[]'::jsonb $f$;
CREATE OR REPLACE FUNCTION fx.networkdays(a date, b date, c jsonb) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p date := least(a, b); q date := greatest(a, b); days int; total int := 0; w boolean[]; x date;
BEGIN
  FOR i IN 0..6 LOOP w[i] := c -> 'week' -> i <> '[]'::jsonb; END LOOP;
  days := q - p + 1;
  FOR i IN 0..6 LOOP total := total + w[i]::int * (days / 7); END LOOP;
  FOR i IN 0..(days % 7 - 1) LOOP total := total + w[(extract(isodow FROM p)::int - 1 + i) % 7]::int; END LOOP;
  FOR x IN SELECT t::date FROM (SELECT jsonb_array_elements_text(c -> 'holidays') t
      UNION SELECT jsonb_object_keys(c -> 'workdays')) s LOOP
    IF x BETWEEN p AND q THEN
      total := total + fx.is_workday(x, c)::int - w[extract(isodow FROM x)::int - 1]::int;
    END IF;
  END LOOP;
  RETURN CASE WHEN a <= b THEN total ELSE -total END;
END $f$;
CREATE OR REPLACE FUNCTION fx.workday(d date, n numeric, c jsonb) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE rest int; step int := CASE WHEN n > 0 THEN 1 ELSE -1 END; p int := d - date '0001-01-01';
BEGIN
  IF trunc(n) = 0 THEN RETURN d; END IF;
  IF abs(trunc(n)) > 10000 OR NOT jsonb_path_exists(c, '$.week[*] ? (@.size() > 0)') THEN RETURN NULL; END IF;
  rest := abs(trunc(n))::int;
  WHILE rest > 0 LOOP
    p := p + step;
    IF p NOT BETWEEN 0 AND 3652058 THEN RETURN NULL; END IF;
    IF fx.is_workday(date '0001-01-01' + p, c) THEN rest := rest - 1; END IF;
  END LOOP;
  RETURN date '0001-01-01' + p;
END $f$;
CREATE OR REPLACE FUNCTION fx.workhours(a timestamptz, b timestamptz, c jsonb, z text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p timestamp := fx.local(least(a, b), z); q timestamp := fx.local(greatest(a, b), z);
  day date; i jsonb; low numeric; high numeric; total numeric := 0; swapped boolean;
BEGIN
  IF p IS NULL OR q IS NULL THEN RETURN NULL; END IF;
  swapped := fx.local(a, z) > fx.local(b, z);
  IF p > q THEN p := fx.local(greatest(a, b), z); q := fx.local(least(a, b), z); END IF;
  IF q::date - p::date > 20000 THEN RETURN NULL; END IF;
  day := p::date;
  WHILE day <= q::date LOOP
    FOR i IN SELECT jsonb_array_elements(fx.day_intervals(day, c)) LOOP
      low := (i ->> 0)::numeric; high := (i ->> 1)::numeric;
      IF day = p::date THEN low := greatest(low, trunc(extract(epoch FROM p::time), 3)); END IF;
      IF day = q::date THEN high := least(high, trunc(extract(epoch FROM q::time), 3)); END IF;
      total := total + greatest(high - low, 0);
    END LOOP;
    day := day + 1;
  END LOOP;
  RETURN fx.div(CASE WHEN swapped THEN -total ELSE total END, 3600);
END $f$;
"""
