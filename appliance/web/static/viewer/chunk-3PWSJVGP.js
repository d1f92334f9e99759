import{a as e}from"./chunk-SQE76S5B.js";var f=e((o,d)=>{d.exports=void 0});var i=e((p,n)=>{n.exports=void 0});export{f as a,i as b};
