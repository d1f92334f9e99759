var e=class extends Error{constructor(r,n=""){super(`${r} ${n}`.trim());this.code=r;this.detail=n}code;detail};export{e as a};
