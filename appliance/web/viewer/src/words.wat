;; Passes over many 16-bit words, sixteen bytes at a time. Whoever calls (wide.ts) has laid out the memory.
(module
  (memory (export "memory") 1)

  ;; Put low and high bytes together, from $low up to $end.
  (func (export "join") (param $low i32) (param $high i32) (param $into i32) (param $end i32)
    (local $l v128) (local $h v128)
    (loop $on
      (local.set $l (v128.load (local.get $low)))
      (local.set $h (v128.load (local.get $high)))
      (v128.store (local.get $into)
        (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $l) (local.get $h)))
      (v128.store offset=16 (local.get $into)
        (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $l) (local.get $h)))
      (local.set $low (i32.add (local.get $low) (i32.const 16)))
      (local.set $high (i32.add (local.get $high) (i32.const 16)))
      (local.set $into (i32.add (local.get $into) (i32.const 32)))
      (br_if $on (i32.lt_u (local.get $low) (local.get $end)))))

  ;; Find the least and the greatest word from $from up to $end in each of eight columns, and leave them at 0 and at 16.
  ;; $flip is added first, so that all are signed; words from $least to $most are padding and do not count.
  (func (export "ends") (param $from i32) (param $end i32) (param $flip i32) (param $least i32) (param $most i32)
    (local $low v128) (local $high v128) (local $words v128) (local $padding v128)
    (local $top v128) (local $bottom v128) (local $flips v128) (local $leasts v128) (local $mosts v128)
    (local.set $top (v128.const i16x8 32767 32767 32767 32767 32767 32767 32767 32767))
    (local.set $bottom (v128.const i16x8 -32768 -32768 -32768 -32768 -32768 -32768 -32768 -32768))
    (local.set $low (local.get $top))
    (local.set $high (local.get $bottom))
    (local.set $flips (i16x8.splat (local.get $flip)))
    (local.set $leasts (i16x8.splat (local.get $least)))
    (local.set $mosts (i16x8.splat (local.get $most)))
    (loop $on
      (local.set $words (i16x8.add (v128.load (local.get $from)) (local.get $flips)))
      (local.set $padding (v128.and
        (i16x8.ge_s (local.get $words) (local.get $leasts))
        (i16x8.le_s (local.get $words) (local.get $mosts))))
      (local.set $low (i16x8.min_s (local.get $low)
        (v128.bitselect (local.get $top) (local.get $words) (local.get $padding))))
      (local.set $high (i16x8.max_s (local.get $high)
        (v128.bitselect (local.get $bottom) (local.get $words) (local.get $padding))))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br_if $on (i32.lt_u (local.get $from) (local.get $end))))
    (v128.store (i32.const 0) (local.get $low))
    (v128.store (i32.const 16) (local.get $high))))
