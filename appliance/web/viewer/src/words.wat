;; Passes over many 16-bit words, sixteen bytes at a time. Whoever calls (wide.ts) has laid out the memory.
(module
  (memory (export "memory") 1)

  ;; Undo blocks of 8 x 8 words: each its least word, how many bits a word lies above it, and those bits, of each of eight
  ;; columns in bytes of its own. $across blocks make a strip; strips follow one another at $into, up to $end.
  (func (export "unpack") (param $least i32) (param $bits i32) (param $data i32) (param $across i32) (param $into i32) (param $end i32)
    (local $pitch i32) (local $left i32) (local $width i32) (local $bit i32) (local $shift i32) (local $from i32)
    (local $to i32) (local $last i32) (local $low v128) (local $mask v128) (local $words v128)
    (local.set $pitch (i32.shl (local.get $across) (i32.const 4)))
    (loop $strip
      (local.set $left (local.get $across))
      (loop $block
        (local.set $low (v128.load16_splat (local.get $least)))
        (local.set $width (i32.load8_u (local.get $bits)))
        (local.set $mask (i16x8.splat (i32.sub (i32.shl (i32.const 1) (local.get $width)) (i32.const 1))))
        (local.set $bit (i32.const 0))
        (local.set $to (local.get $into))
        (local.set $last (i32.add (local.get $into) (i32.shl (local.get $pitch) (i32.const 3))))
        (loop $row
          (local.set $from (i32.add (local.get $data) (i32.and (local.get $bit) (i32.const -8))))
          (local.set $shift (i32.and (local.get $bit) (i32.const 7)))
          (local.set $words (v128.or
            (i16x8.shr_u (v128.load8x8_u (local.get $from)) (local.get $shift))
            (i16x8.shl (v128.load8x8_u offset=8 (local.get $from)) (i32.sub (i32.const 8) (local.get $shift)))))
          (if (i32.gt_u (i32.add (local.get $shift) (local.get $width)) (i32.const 16))
            (then (local.set $words (v128.or (local.get $words)
              (i16x8.shl (v128.load8x8_u offset=16 (local.get $from)) (i32.sub (i32.const 16) (local.get $shift)))))))
          (v128.store (local.get $to) (i16x8.add (local.get $low) (v128.and (local.get $words) (local.get $mask))))
          (local.set $bit (i32.add (local.get $bit) (local.get $width)))
          (local.set $to (i32.add (local.get $to) (local.get $pitch)))
          (br_if $row (i32.lt_u (local.get $to) (local.get $last))))
        (local.set $data (i32.add (local.get $data) (i32.shl (local.get $width) (i32.const 3))))
        (local.set $least (i32.add (local.get $least) (i32.const 2)))
        (local.set $bits (i32.add (local.get $bits) (i32.const 1)))
        (local.set $into (i32.add (local.get $into) (i32.const 16)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $block (local.get $left)))
      (local.set $into (i32.add (local.get $into) (i32.mul (local.get $pitch) (i32.const 7))))
      (br_if $strip (i32.lt_u (local.get $into) (local.get $end)))))

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
